"""A first task from a file of rows: what its columns are, and the spec, prompts and schema that fit them."""
