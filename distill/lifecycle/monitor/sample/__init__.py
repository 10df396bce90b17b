"""A sample of logged calls that the teacher answers too, and how its answers compare with the student's."""
