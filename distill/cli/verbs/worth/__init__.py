"""Verbs that ask whether a student is worth it."""
