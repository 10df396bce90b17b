"""Means and differences with their 95 % intervals, and how many rows would settle a question.

Values are scores in 0..1, one a row. `docs/verdict.md` says in plain words what is computed and why.

    proportion(45, 50)                      Wilson: mean 0.9, low 0.786, high 0.957
    mean_interval(scores)                   the same for graded scores
    paired_difference(student, teacher)     the differences, row by row; Tango's interval where each is -1, 0 or 1
    rows_needed(differences, margin=0.05)   rows at which 95 % intervals would most likely decide, as a range
"""

from distill.stats.estimate import FEW, Estimate
from distill.stats.intervals import mean_interval, p_worse, paired_difference, proportion
from distill.stats.sample_size import RowsRange, rows_needed

__all__ = [
    "FEW",
    "Estimate",
    "RowsRange",
    "mean_interval",
    "p_worse",
    "paired_difference",
    "proportion",
    "rows_needed",
]
