"""What a reader of the scores must mind."""

from __future__ import annotations

import polars as pl
from compared import SCORES, SEEDS, compared

from distill.evaluate.cautions import reordered_lists
from distill.evaluate.metrics import REORDERED


def test_a_stratum_that_fell_is_named() -> None:
    labels = {seed: {"kind": "rare" if i < 6 else "common"} for i, seed in enumerate(SEEDS)}
    student: list[float | None] = [0.0] * 6 + [1.0] * 34
    found = compared({"teacher": [1.0] * 40, "student": student}, labels=labels)
    assert found.warnings == [
        "kind = rare: the student gets 0 % and the teacher 100 %, on 6 test rows. The mean over all rows hides it."
    ]


def test_a_teacher_that_is_wrong_more_often_than_right_is_reported() -> None:
    found = compared({"teacher": [0.0] * 39 + [1.0], "student": [0.0] * 39 + [1.0]})
    assert found.warnings[0].startswith("The teacher itself gets 2 % of the known answers right, on 40 test rows")


def test_lists_in_another_order_are_reported_once_a_row() -> None:
    scores = pl.DataFrame(
        [(seed, "student", "json_fields", 1.0, f"tags: {REORDERED}") for seed in SEEDS], schema=SCORES, orient="row"
    )
    (line,) = reordered_lists(scores)
    assert line.startswith("In 40 test rows `tags` has the same items in another order")
