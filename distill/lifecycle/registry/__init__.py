"""Students that serve: immutable copies beside the runs, and the one that servers read."""
