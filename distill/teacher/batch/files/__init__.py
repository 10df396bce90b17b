"""The files of batches: input files, where they lie on this machine, and the results that were downloaded."""
