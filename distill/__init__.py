"""distill: from a task spec to a small model that does the task, with proof of whether it was worth it.

Start with `distill --help`, or `docs/concepts.md` for the words used here.
"""

__version__ = "0.1.0"
