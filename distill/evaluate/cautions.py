"""What a reader of the scores must mind: strata without a right answer, lists whose order was not counted, a weak
teacher, odd test rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import polars as pl

from distill.evaluate.evidence.strata import FallenStratum
from distill.evaluate.metrics import REORDERED
from distill.evaluate.metrics.names import right_share
from distill.evaluate.scores import ALONE, Scores, mean_of
from distill.text.percentages import percent

_WEAK = 0.5
_SHOWN = 5
_COPIES = 0.2
"""Share of the training rows with near copies from which test rows without any are another kind of rows."""


def nothing_right(fallen: Sequence[FallenStratum]) -> list[str]:
    """Strata where the student has nothing right, on too few rows for the verdict to say so; the deepest first."""
    listed = [f"{one.sentence} The mean over all rows hides it." for one in fallen if not one.clear]
    more = len(listed) - _SHOWN
    return [*listed[:_SHOWN], *([f"So it is in {more} more strata."] if more > 0 else [])]


def odd_rows(seeds: pl.DataFrame) -> list[str]:
    """What test rows that were drawn stand for: those without near copies come first, the traffic has copies."""
    if not {"cluster", "role"} <= set(seeds.columns):
        return []
    train = seeds.filter(pl.col("role") == "train")
    share = train["cluster"].is_duplicated().mean() if train.height else None
    if not isinstance(share, float) or share < _COPIES:
        return []
    return [
        f"{percent(share, 0)} of the training rows have near copies, and test rows are drawn from rows without copies first. So the scores are "
        "those of the odder inputs, and say less of the common ones; seeds.test.from takes a sample of the real traffic."
    ]


def reordered_lists(scores: pl.DataFrame) -> list[str]:
    """Fields of lists that were the same but for their order."""
    student = scores.filter((scores["arm"] == "student") & scores["reason"].str.contains(REORDERED, literal=True))
    rows = Counter(
        part.removesuffix(f": {REORDERED}")
        for reason in student.unique("seed_id")["reason"]
        for part in reason.split("; ")
        if part.endswith(REORDERED)
    )
    return [
        f"In {count} test row{'s' if count != 1 else ''} `{name}` has the same items in another order, which counts as the same; "
        f"evaluate.compare: {{{'answer' if name == 'the answer' else name}: list}} makes the order count."
        for name, count in sorted(rows.items())
    ]


def weak_teacher(scores: Scores, metric: str, clusters: Mapping[str, str] = ALONE) -> list[str]:
    """A teacher that is wrong more often than right by `metric`: to be as good as it is worth little."""
    known = scores.get(("teacher", metric), {})
    right = mean_of(known, known, clusters)
    if right is None or right.small or right.high >= _WEAK:
        return []
    return [
        f"The teacher itself gets {percent(right.mean, 0)} {right_share(metric)}, on {right.n} test rows, so to be as good "
        f"as it is worth little. Look at its prompt, or at {'the check' if metric == 'verify' else 'the known answers'}."
    ]
