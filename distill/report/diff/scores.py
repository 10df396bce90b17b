"""The scores of two runs on the test rows that both answered: the later minus the earlier, row by row.

Only what is held against the same thing is compared: a row whose known answer changed is left out, and so is one of a metric of agreement
where the two teachers said something else, for then each student was measured by its own teacher.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from distill.evaluate.evidence.clusters import clusters_of
from distill.evaluate.scores import Scores, of_rows, scores_by_arm
from distill.report.diff.rows import known_answers
from distill.rundir import RunDir, read_parquet
from distill.stats import Estimate, mean_interval, paired_difference

Answers = Mapping[str, str | None]
"""Test row → an answer, None where none is known."""

_ARMS = ("student", "teacher", "base", "prompted_base", "linear")


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """An arm by a metric; all three are of the same rows, and None where no row is left. `left_out` rows were answered in both runs and
    are not held against the same thing."""

    arm: str
    metric: str
    before: Estimate | None
    after: Estimate | None
    difference: Estimate | None
    left_out: int


def score_changes(a: RunDir, b: RunDir) -> list[ScoreChange]:
    """What both runs scored; nothing where one was not evaluated."""
    if not all((run.path / "scores.parquet").is_file() for run in (a, b)):
        return []
    one, two = (scores_by_arm(read_parquet(run / "scores.parquet")) for run in (a, b))
    golds, teachers = (known_answers(a), known_answers(b)), (_teacher(a), _teacher(b))
    clusters = _clusters(b)
    found = []
    for arm, metric in sorted(one.keys() & two.keys(), key=lambda key: (_rank(key[0]), key[1])):
        by_teacher = metric.startswith("agreement")
        if arm == "teacher" and by_teacher:  # itself
            continue
        against = None if metric == "schema" else teachers if by_teacher else golds
        found.append(_change(one, two, (arm, metric), against, clusters))
    return found


def _rank(arm: str) -> int:
    return _ARMS.index(arm) if arm in _ARMS else len(_ARMS)


def _change(
    one: Scores, two: Scores, key: tuple[str, str], against: tuple[Answers, Answers] | None, clusters: Mapping[str, str]
) -> ScoreChange:  # fmt: skip
    """`against` is what each run holds an answer against, by row; None where that is no answer."""
    both = sorted(one[key].keys() & two[key].keys())
    same = both if against is None else [seed for seed in both if _same(against[0], against[1], seed)]
    if not same:
        return ScoreChange(*key, None, None, None, len(both))
    before, after = [one[key][seed] for seed in same], [two[key][seed] for seed in same]
    together = of_rows(clusters, same)
    return ScoreChange(
        *key, mean_interval(before, together), mean_interval(after, together),
        paired_difference(after, before, together), len(both) - len(same),
    )  # fmt: skip


def _clusters(run: RunDir) -> dict[str, str]:
    """Test row → what it belongs to, as the later run has it."""
    if not (run.path / "seeds.parquet").is_file():
        return {}
    return clusters_of(read_parquet(run / "seeds.parquet").filter(pl.col("role") == "test"))


def _same(one: Answers, two: Answers, seed: str) -> bool:
    return seed in one and seed in two and one[seed] == two[seed]


def _teacher(run: RunDir) -> dict[str, str | None]:
    """Test row → the teacher's answer."""
    if not (run.path / "calls.parquet").is_file():
        return {}
    calls = read_parquet(run / "calls.parquet", ["seed_id", "arm", "text", "ended"])
    asked = calls.filter((pl.col("arm") == "teacher") & (pl.col("ended") == "ok"))
    return dict(asked.select("seed_id", "text").iter_rows())
