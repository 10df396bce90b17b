"""The rows themselves: lines, layouts, turns, texts, and what only many rows together show."""
