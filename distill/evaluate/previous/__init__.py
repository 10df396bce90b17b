"""In a refresh: the student of the run before, as that run made and asked it, and what can be said of two students with two teachers."""
