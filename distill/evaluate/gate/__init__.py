"""What `evaluate.gate` asks of a comparison, held against what was measured, and files of the result for CI."""
