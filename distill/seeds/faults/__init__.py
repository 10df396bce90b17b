"""What is wrong with rows, and how it is summed up."""
