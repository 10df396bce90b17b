"""One training in several processes: they meet, divide each step's rows, and end together."""
