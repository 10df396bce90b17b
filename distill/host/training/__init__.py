"""Jobs, from the check of their files to the tuned model: each trains in a process of its own, in turn."""
