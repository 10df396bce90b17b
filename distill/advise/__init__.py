"""Whether a student is worth it: what to try first, when it pays, and whether a run is ready to be used."""
