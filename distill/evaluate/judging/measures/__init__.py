"""What judges found, as statistics: biases, wins and ties, pass rates corrected by a judge's errors. Nothing here knows a task."""
