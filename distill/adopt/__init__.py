"""A tuned model whose host is about to shut it down, taken along: its files, its answers, and a student in its place."""
