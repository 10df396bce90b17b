"""What a reader of the scores must mind."""

from __future__ import annotations

import polars as pl
from compared import SCORES, SEEDS, compared

from distill.evaluate.cautions import odd_rows, reordered_lists
from distill.evaluate.metrics import REORDERED


def test_a_stratum_without_a_right_answer_is_named_where_it_is_too_small_for_the_verdict() -> None:
    labels = {seed: {"kind": "rare" if i < 5 else "common", "tone": f"t{i % 7}"} for i, seed in enumerate(SEEDS)}
    student: list[float | None] = [0.0] * 5 + [1.0] * 35
    found = compared({"teacher": [1.0, 0.0, 0.0, 0.0, 1.0] + [1.0] * 35, "student": student}, labels=labels)
    assert found.verdict.exceptions == []
    assert found.warnings == [
        "kind = rare: the student gets 0 % and the teacher 40 %, on 5 test rows. The mean over all rows hides it."
    ]


def test_test_rows_without_copies_beside_training_rows_with_many_are_another_kind() -> None:
    """They are drawn from rows without near copies first, so what is common in the traffic is rare in the test."""
    seeds = pl.DataFrame({"role": ["train"] * 8 + ["test"] * 2, "cluster": ["a"] * 4 + [*"bcdefg"]})
    (line,) = odd_rows(seeds)
    assert line.startswith("50 % of the training rows have near copies")
    assert odd_rows(seeds.with_columns(cluster=pl.Series([*"abcdefghij"]))) == []
    assert odd_rows(seeds.filter(role="test")) == []


def test_a_teacher_that_is_wrong_more_often_than_right_is_reported() -> None:
    found = compared({"teacher": [0.0] * 39 + [1.0], "student": [0.0] * 39 + [1.0]})
    assert found.warnings[0].startswith("The teacher itself gets 2 % of the known answers right, on 40 test rows")


def test_lists_in_another_order_are_reported_once_a_row() -> None:
    scores = pl.DataFrame(
        [(seed, "student", "json_fields", 1.0, f"tags: {REORDERED}") for seed in SEEDS], schema=SCORES, orient="row"
    )
    (line,) = reordered_lists(scores)
    assert line.startswith("In 40 test rows `tags` has the same items in another order")


def test_a_teacher_whose_tool_calls_are_mostly_wrong_is_reported_as_that() -> None:
    wrong = [0.0] * 39 + [1.0]
    found = compared({"teacher": wrong, "student": wrong}, metric="tool_calls")
    assert found.warnings[0].startswith(
        "The teacher itself gets 2 % of the rows with the right tool calls, on 40 test rows"
    )
    together = pl.Series([f"c{n // 20}" for n in range(40)])
    rarely = [0.0] * 25 + [1.0] * 15
    assert (
        compared(
            {"teacher": [0.0] * 29 + [1.0] * 11, "student": rarely}, columns_of_tests={"cluster": together}
        ).warnings
        == []
    )
