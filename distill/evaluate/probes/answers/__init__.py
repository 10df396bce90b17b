"""Probes that cost no call: they look at the answers to the test rows, and at what trained."""
