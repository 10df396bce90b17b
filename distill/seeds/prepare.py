"""Stage 1: the seeds as a table, repeats gone, test rows set aside; what a refresh pins stays where it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import polars as pl

from distill.records import Json, Seed
from distill.seeds import load
from distill.seeds.packed import PackedSeeds
from distill.seeds.split import Draw, split
from distill.spec import TaskSpec
from distill.strata import coverage
from distill.tables.outcome import Outcome
from distill.task import near_graph


def prepare(
    spec: TaskSpec, seeds: Sequence[Seed], pinned: Sequence[Seed] = (), *, bad_rows: pl.DataFrame | None = None,
    parent: pl.DataFrame | None = None,
) -> Outcome:  # fmt: skip
    """Seeds with cluster and role; `parent` is the seeds table of the run that this one refreshes."""
    rows, calibration = spec.seeds.test, spec.evaluate.calibration
    gold = spec.seeds.gold_rows != "train" or rows.gold
    draw = Draw(rows.share, rows.rows, gold, rows.where, rows.seed, calibration.rows if calibration else 0)
    comparison = near_graph.comparison(spec)
    how = _How(tuple(spec.strata.by), draw, spec.dedup.near, near_graph.leak(spec), comparison)
    if pinned or parent is not None:
        outcome = _split(how, *_tables(seeds, pinned, how.by, parent), parent=None if pinned else parent)
    else:
        outcome = _LAST.split(how, seeds)
    return outcome if bad_rows is None or bad_rows.height == 0 else _with_bad_rows(outcome, bad_rows)


@dataclass(frozen=True, slots=True)
class _How:
    """All of a spec by which seeds are split."""

    by: tuple[str, ...]
    draw: Draw
    near: float
    leak: float
    comparison: near_graph.NearRules


@dataclass(slots=True)
class _LastSplit:
    """The last split of few seeds: one command asks for the same one when it opens its task and when it begins the run."""

    how: _How | None = None
    seeds: PackedSeeds | None = None
    outcome: Outcome | None = None

    def split(self, how: _How, seeds: Sequence[Seed]) -> Outcome:
        if self.outcome is not None and self.seeds is seeds and self.how == how:
            return self.outcome
        outcome = _split(how, load.table(seeds, by=how.by), None)
        if isinstance(seeds, PackedSeeds) and len(seeds) <= _FEW:  # nothing changes them, and the task holds them too
            self.how, self.seeds, self.outcome = how, seeds, outcome
        return outcome


_FEW = 10_000
"""Seeds whose table may stay in memory from one use to the next."""
_LAST = _LastSplit()


def _split(how: _How, table: pl.DataFrame, tests: pl.DataFrame | None, parent: pl.DataFrame | None = None) -> Outcome:
    """A table of seeds split; of a run that refreshes a `parent`, with as many test rows as that one had."""
    graph = near_graph.made(how.comparison, table, *([] if tests is None else [tests]))
    by = partial(split, near=how.near, leak=how.leak, graph=graph)
    lost: Mapping[str, Json] = {}
    if parent is not None and tests is not None:
        table, tests, lost = _refilled(table, tests, parent, how.draw, by)
    outcome = by(table, how.draw, pinned=tests)
    report = {**outcome.report, **({"refilled": lost} if lost else {})}
    return replace(outcome, report=report)


def _tables(
    seeds: Sequence[Seed], pinned: Sequence[Seed], by: Sequence[str], parent: pl.DataFrame | None
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """The seeds, and the rows that are the test already: those of the task's own file, else the parent's."""
    table = load.table(seeds, by=by)
    if pinned:
        return table, load.table(pinned, by=by)
    if parent is None:
        return table, None
    tested = pl.col("seed_id").is_in(parent.filter(pl.col("role") == "test")["seed_id"].implode())
    return table.filter(~tested), table.filter(tested)


def _refilled(
    table: pl.DataFrame, tests: pl.DataFrame, parent: pl.DataFrame, draw: Draw, how: Callable[..., Outcome]
) -> tuple[pl.DataFrame, pl.DataFrame, Mapping[str, Json]]:
    """(table, tests, what was lost and found): as many test rows as the parent had. Those that its files hold no more are drawn
    anew, of rows that the parent did not have where there are enough: its student may have learnt the others.
    """
    had = parent.filter(pl.col("role") == "test")["seed_id"].n_unique()
    held = tests["seed_id"].n_unique()
    if held >= had or not table.height:
        return table, tests, {}
    free = (
        how(table, replace(draw, calibration=0), pinned=tests)
        .kept.filter(pl.col("role") == "train")
        .select(table.columns)
    )
    fresh = free.filter(~pl.col("seed_id").is_in(parent["seed_id"].implode()))
    drawn: list[str] = []
    for pool in (fresh, free.filter(pl.col("seed_id").is_in(parent["seed_id"].implode()))):
        if pool.height and len(drawn) < had - held:
            wanted = replace(draw, share=None, rows=had - held - len(drawn), calibration=0)
            drawn += how(pool, wanted).kept.filter(pl.col("role") == "test")["seed_id"].to_list()
    taken = pl.col("seed_id").is_in(drawn)
    learnt = len(set(drawn) - set(fresh["seed_id"]))
    lost = {"had": had, "held": held, "drawn": len(drawn), "learnt": learnt}
    return table.filter(~taken), pl.concat([tests, table.filter(taken)]), lost


def lost_test_rows(report: Mapping[str, Json]) -> list[str]:
    """What is said, before anything is paid, where the seeds hold fewer of the earlier run's test rows than it had."""
    found = report.get("refilled")
    if not found:
        return []
    gone = found["had"] - found["held"]
    said = (
        f"{gone:,} of the {found['had']:,} test rows of the run before are not in the seeds any more, as they stood; "
        f"{found['drawn']:,} others are drawn in their place"
    )
    learnt = (
        f", of which {found['learnt']:,} are rows that the previous student may have learnt" if found["learnt"] else ""
    )
    return [f"{said}{learnt}. Scores of the two runs are on other rows."]


def _with_bad_rows(outcome: Outcome, bad_rows: pl.DataFrame) -> Outcome:
    dropped = pl.concat([bad_rows, outcome.dropped])
    reasons = dict(sorted(Counter(dropped["reason"].to_list()).items()))
    report = outcome.report | {"in": outcome.report["in"] + bad_rows.height, "dropped": reasons}
    return replace(outcome, dropped=dropped, report=report)


def fewer_test_rows(test: Mapping[str, Json], spec: TaskSpec, table: pl.DataFrame) -> list[str]:
    """What is said where fewer rows have a known answer than test rows were asked."""
    asked, got = test.get("asked", 0), test.get("got", 0)
    known = table.height - table["gold"].null_count()
    drawn = spec.seeds.test.from_ is None and (spec.seeds.gold_rows != "train" or spec.seeds.test.gold)
    if spec.seeds.gold is None or not drawn or not 0 < known < asked:
        return []
    return [
        f"{known} {'row has' if known == 1 else 'rows have'} a known answer, fewer than the {asked} requested test rows, of which {got} are set aside: "
        "on test rows without one the student is compared with the teacher alone."
    ]


def training_labels(spec: TaskSpec, seeds: Sequence[Seed]) -> list[tuple[str, Mapping[str, str]]]:
    """(stratum, labels) of each seed that is left to train on."""
    return coverage.labelled(prepare(spec, seeds).kept.filter(pl.col("role") == "train"))
