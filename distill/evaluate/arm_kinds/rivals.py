"""What is said of the rivals: one that does the task as well as the student, for less, makes the student hard to defend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distill.stats import Estimate
from distill.text.percentages import points, signed


@dataclass(frozen=True, slots=True)
class RivalResult:
    """A rival on the test rows; `gap` is the student minus it, on the rows that both answered."""

    name: str
    model: str
    gap: Estimate
    usd_per_1000: float | None


def sentence(
    found: Sequence[RivalResult], *, margin: float, student_usd: float | None, teacher_usd: float | None
) -> str:
    """The cheapest rival that loses at most `margin` to the student and costs less; empty where there is none.

    Prices are dollars per 1,000 answers. A student that costs nothing runs on the reader's own machine, which is not free either: then
    the rival is held against the teacher's price.
    """
    priced = [one for one in found if one.usd_per_1000 is not None and not one.gap.small and one.gap.high <= margin]
    against, whose = (student_usd, "student") if student_usd else (teacher_usd, "teacher")
    cheaper = [one for one in priced if against is not None and (one.usd_per_1000 or 0.0) < against]
    if not cheaper or against is None:
        return ""
    best = min(cheaper, key=lambda one: (one.usd_per_1000 or 0.0, one.name))
    beside = "" if whose == "student" else "; the student's own machine is not counted"
    return (
        f"The rival `{best.name}` ({best.model}) needs no training and is as good as the student: the student makes {signed(best.gap.mean)} points "
        f"({signed(best.gap.low)} to {signed(best.gap.high)}) over it, and at most {points(margin)} were allowed. It costs "
        f"${best.usd_per_1000 or 0.0:.3g} per 1,000 answers, the {whose} ${against:.3g}{beside}."
    )


def same_calls(pairs: Mapping[str, str]) -> list[str]:
    """What is said of arms that ask what another asks."""
    return [
        f"`{arm}` asks the same as `{first}` (the model, the prompt and the settings are the same): each row is asked, and paid for, once"
        for arm, first in pairs.items()
    ]
