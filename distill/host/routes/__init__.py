"""One file for each kind of route."""
