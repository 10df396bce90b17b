"""What the monitor says of a student behind the proxy, and that it was switched off for it."""
