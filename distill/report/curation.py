"""The report's part on curation, gathered from a run's tables: pure, and in seconds for a hundred thousand answers."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import polars as pl

from distill.curate.accounting.shortfall import Shortfall
from distill.curate.gates.private import hidden
from distill.curate.gates.registry import GATES
from distill.records import Json, Seed
from distill.report import examples, losses
from distill.report.sections import distributions
from distill.seeds import load


@dataclass(frozen=True, slots=True)
class MissingRows:
    """A stratum that lacks rows, as funnel.json has it, with its reason in words."""

    stratum: str
    wanted: int
    got: int
    reason: str
    count: int
    cause: str


@dataclass(frozen=True, slots=True)
class CurationSection:
    """What became of the rows, what the scores and lengths were, and rows to look at."""

    by_stratum: losses.LossTable
    shortfalls: list[MissingRows]
    edge_cases: list[losses.EdgeCaseShare]
    scores: list[distributions.ScoreHistogram]
    tokens: distributions.LengthHistogram | None
    """None where there are no answers."""
    forms: list[distributions.AnswerForm]
    clusters: examples.Clusters
    drops: list[examples.DroppedGroup]


def curation_of(
    seeds: pl.DataFrame, samples: pl.DataFrame, dropped: pl.DataFrame, *, gates: Sequence[tuple[str, Mapping[str, Json]]],
    short: Sequence[Shortfall], edge_cases: Sequence[Mapping[str, Json]], unread: Iterable[Seed] = (),
) -> CurationSection:  # fmt: skip
    """The whole part. `gates` as the spec has them, `short` and `edge_cases` ({where, at_least, got}) as funnel.json has them.

    `unread` are seeds that may be missing in the table, since they were dropped before anything was asked.
    """
    settings = [(name, {**GATES[name].defaults, **given}) for name, given in gates]
    hide = functools.partial(hidden, persons=any(name == "pii" for name, _ in gates))
    return CurationSection(
        by_stratum=losses.by_stratum(seeds, samples, dropped),
        shortfalls=[MissingRows(**asdict(row), cause=row.cause) for row in short],
        edge_cases=losses.edge_cases(edge_cases, seeds, samples),
        scores=distributions.scores(samples, dropped, settings),
        tokens=distributions.lengths(samples, dict(settings).get("length")),
        forms=distributions.forms(samples),
        clusters=examples.clusters(seeds, samples, dropped, hide=hide),
        drops=examples.drops(dropped, samples, _inputs(dropped, seeds, unread), hide=hide),
    )


def _inputs(dropped: pl.DataFrame, seeds: pl.DataFrame, unread: Iterable[Seed]) -> dict[str, str]:
    """Texts of the seeds among the dropped rows that are shown."""
    wanted = set(examples.picks(dropped)["row"])
    known = dict(seeds.filter(pl.col("seed_id").is_in(list(wanted))).select("seed_id", "input").iter_rows())
    if wanted <= set(known):
        return known
    others = load.table([seed for seed in unread if seed.id in wanted])
    return dict(others.select("seed_id", "input").iter_rows()) | known
