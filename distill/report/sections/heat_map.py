"""The student's score where two labels of the test rows meet: a cell for each pair of their values.

The two labels are the first that the dataset is balanced by, then any other with several values. Of the values with the most test rows
at most 14 are lines and 8 are columns; the rest are counted as left out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill.evaluate.scores import Scores, mean_of, paired_gap
from distill.stats import Estimate

_LINES = 14
_COLUMNS = 8

Values = Mapping[str, str]
"""seed_id → the row's value of one label."""


@dataclass(frozen=True, slots=True)
class HeatCell:
    """The test rows of one pair of values: the student's mean score, and its mean difference to the teacher, row by row."""

    student: Estimate
    gap: Estimate | None
    """None where no row has a score of both."""


@dataclass(frozen=True, slots=True)
class HeatLine:
    """One value of the first label; a cell for each column, None where no test row has a score."""

    value: str
    cells: list[HeatCell | None]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Scores by two labels; `more_lines` and `more_columns` values are left out."""

    down: str
    across: str
    columns: list[str]
    lines: list[HeatLine]
    more_lines: int
    more_columns: int


def heat_map(scores: Scores, metric: str, tests: pl.DataFrame, balanced_by: Sequence[str] = ()) -> HeatMap | None:
    """By the two labels, the one with more values downwards; None where the test rows have no two labels of several values each.

    `tests` holds seed_id and labels (JSON), a line a test row.
    """
    student = scores.get(("student", metric), {})
    labels = _labels(tests, student)
    several = [name for name in dict.fromkeys([*balanced_by, *labels]) if len(set(labels.get(name, {}).values())) > 1]
    if len(several) < 2:
        return None
    down, across = sorted(several[:2], key=lambda name: -len(set(labels[name].values())))
    lines, more_lines = _commonest(labels[down], _LINES)
    columns, more_columns = _commonest(labels[across], _COLUMNS)
    both: dict[tuple[str, str], list[str]] = {}
    for seed, value in labels[down].items():
        if seed in labels[across]:
            both.setdefault((value, labels[across][seed]), []).append(seed)
    drawn = [HeatLine(line, [_cell(scores, metric, both.get((line, one), ())) for one in columns]) for line in lines]
    return HeatMap(down, across, columns, drawn, more_lines, more_columns)


def _labels(tests: pl.DataFrame, scored: Mapping[str, float]) -> dict[str, dict[str, str]]:
    """Label → seed_id → value, of the rows that the student has a score of."""
    found: dict[str, dict[str, str]] = {}
    for seed, text in tests.select("seed_id", "labels").sort("seed_id").iter_rows():
        if seed in scored:
            for name, value in json.loads(text or "{}").items():
                found.setdefault(name, {})[seed] = str(value)
    return found


def _commonest(values: Values, most: int) -> tuple[list[str], int]:
    """The values of the most rows, by name, and how many are left out."""
    counted = sorted(Counter(values.values()).items(), key=lambda pair: (-pair[1], pair[0]))
    return sorted(value for value, _ in counted[:most]), max(0, len(counted) - most)


def _cell(scores: Scores, metric: str, seeds: Sequence[str]) -> HeatCell | None:
    student = mean_of(scores["student", metric], seeds)
    if student is None:
        return None
    alone = {
        (arm, metric): {seed: there[seed] for seed in seeds if seed in there}
        for arm in ("student", "teacher")
        if (there := scores.get((arm, metric)))
    }
    return HeatCell(student, paired_gap(alone, metric, "teacher"))
