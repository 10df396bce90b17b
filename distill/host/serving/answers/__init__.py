"""Answers in the shapes of the public API, made of the pieces that an engine writes."""
