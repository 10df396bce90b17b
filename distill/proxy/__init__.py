"""Passes OpenAI-style calls on to a teacher, keeps them as rows, and lets a promoted student answer beside it or before it."""
