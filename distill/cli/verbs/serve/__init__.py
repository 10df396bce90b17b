"""Verbs after the verdict: ship, promote, refresh, and look at what serves."""
