"""What the student may answer alone: a threshold on its confidence, under which errors are bounded, and what the rest costs."""
