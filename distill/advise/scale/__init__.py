"""How large a distillation is: bytes, core hours, GPU hours and dollars of so many rows, and by which way they go."""
