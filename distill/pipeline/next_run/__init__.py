"""Which number a run gets, and what it takes from the run before."""
