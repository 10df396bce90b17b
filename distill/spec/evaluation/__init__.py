"""Groups of `evaluate:` that have a file of their own."""
