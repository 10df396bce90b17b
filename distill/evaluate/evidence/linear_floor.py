"""What a linear model of the same rows makes of a student that is a language model: it is the floor, and often enough."""

from __future__ import annotations

from distill.stats import Estimate
from distill.text.percentages import points, signed


def sentence(gap: Estimate) -> str:
    """`gap` is the student minus the linear model, row by row."""
    found = f"{signed(gap.mean)} points ({signed(gap.low)} to {signed(gap.high)})"
    if gap.low > 0:
        return f"Over a linear model of the same training rows the student gains {found}."
    how = "Make it the student: --set student.train.with=linear."
    if gap.high < 0:
        return (
            f"A linear model of the same training rows is clearly better than the student, by {points(-gap.mean)} "
            f"({-gap.high * 100:.1f} to {-gap.low * 100:.1f}), and answers in milliseconds on any machine. {how}"
        )
    return (
        f"Against a linear model of the same training rows the student makes {found}: it is not clearly better, and the linear "
        f"model answers in milliseconds on any machine. {how}"
    )
