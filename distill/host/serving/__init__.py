"""Answers of bases and tunes, by the best engine that is here."""
