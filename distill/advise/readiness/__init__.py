"""The readiness list of a run: what its folder holds, the checks, and the list."""
