"""When a student has paid for itself: what a run measured, what is assumed, and the sum."""
