"""The student's scores by two labels of the test rows."""

from __future__ import annotations

import json

import polars as pl
import pytest

from distill.evaluate.scores import Scores
from distill.report.sections.heat_map import heat_map

ROWS = [
    ("s1", {"kind": "a", "mood": "glad"}, 1.0, 1.0),
    ("s2", {"kind": "a", "mood": "glad"}, 0.0, 1.0),
    ("s3", {"kind": "a", "mood": "cross"}, 1.0, None),
    ("s4", {"kind": "b", "mood": "glad"}, 0.5, 0.0),
    ("s5", {"kind": "c", "mood": "cross"}, None, 1.0),
    ("s6", {"kind": "d"}, 1.0, 1.0),
]


def labelled(labels: dict[str, dict[str, str]]) -> pl.DataFrame:
    return pl.DataFrame({"seed_id": list(labels), "labels": [json.dumps(one) for one in labels.values()]})


def scores_of(student: dict[str, float], teacher: dict[str, float] | None = None) -> Scores:
    return {("student", "m"): student, ("teacher", "m"): teacher or {}}


def test_each_cell_has_the_mean_the_rows_and_the_difference_on_rows_that_both_have() -> None:
    student = {seed: own for seed, _, own, _ in ROWS if own is not None}
    teacher = {seed: theirs for seed, _, _, theirs in ROWS if theirs is not None}
    found = heat_map(scores_of(student, teacher), "m", labelled({seed: labels for seed, labels, *_ in ROWS}))
    assert found is not None
    assert (found.down, found.across, found.columns) == ("kind", "mood", ["cross", "glad"])
    cells = {
        (line.value, column): cell
        for line in found.lines
        for column, cell in zip(found.columns, line.cells, strict=True)
    }
    glad, alone, up = cells["a", "glad"], cells["a", "cross"], cells["b", "glad"]
    assert glad is not None
    assert glad.gap is not None
    assert (glad.student.mean, glad.student.n, glad.gap.mean) == (0.5, 2, -0.5)
    assert alone is not None
    assert alone.gap is None
    assert up is not None
    assert up.gap is not None
    assert up.gap.mean == 0.5
    assert cells["b", "cross"] is None
    assert "c" not in [line.value for line in found.lines], "no row of it has a score"


@pytest.mark.parametrize("labels", [{}, {"kind": "a"}, {"kind": "a", "mood": "glad"}])
def test_rows_without_two_labels_of_several_values_give_no_map(labels: dict[str, str]) -> None:
    assert heat_map(scores_of({"s1": 1.0, "s2": 0.0}), "m", labelled({"s1": labels, "s2": labels})) is None


def test_the_labels_that_the_dataset_is_balanced_by_come_first() -> None:
    labels = {f"s{i}": {"a": str(i % 3), "b": str(i % 2), "c": str(i % 4)} for i in range(24)}
    found = heat_map(scores_of(dict.fromkeys(labels, 1.0)), "m", labelled(labels), ["c", "b"])
    assert found is not None
    assert (found.down, found.across) == ("c", "b")


def test_the_values_with_the_most_rows_are_shown_and_the_others_counted() -> None:
    labels = {f"s{i}": {"a": f"v{i % 40:02}", "b": f"w{min(i % 12, i)}"} for i in range(480)}
    found = heat_map(scores_of(dict.fromkeys(labels, 1.0)), "m", labelled(labels))
    assert found is not None
    assert (len(found.lines), found.more_lines, len(found.columns), found.more_columns) == (14, 26, 8, 4)
