"""The stages in the order of a run, and the one loop: ask, curate, ask for what is still short."""
