"""A training on GPUs that need not be here: what each of them would hold, and how it would be started."""
