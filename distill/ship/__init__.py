"""A run's student as something that others can run: `student` finds it, one module writes each form, `ship` chooses and describes it."""
