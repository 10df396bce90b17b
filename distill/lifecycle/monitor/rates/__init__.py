"""What is counted in logged calls, what the run had of it, and the evidence that a rate is above that."""
