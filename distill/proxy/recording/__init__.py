"""Answered calls as lines of a log, on the disk before the caller has the last byte, and never in a caller's way."""
