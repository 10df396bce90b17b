"""Batches: the rows of an input file, checked, answered one by one, and written into files."""
