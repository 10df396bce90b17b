"""Settings of what comes after a run: registry, monitor, refresh."""
