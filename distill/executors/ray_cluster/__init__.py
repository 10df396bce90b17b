"""Work on the nodes of a Ray cluster (the extra `ray`); nothing outside of this package imports Ray."""
