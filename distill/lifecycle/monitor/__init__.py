"""A shipped student, watched by its logged calls: what differs from the run that made it, with few false alarms however often one looks."""
