"""A task folder from the files of a tune."""
