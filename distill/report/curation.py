"""What the report tells of curation, gathered from a run's tables: pure, and in seconds for a hundred thousand answers.

by_stratum   what each stratum lost, by reason           attrition
shortfalls   strata that lack rows, and why              shortfall
edge_cases   wanted, natural, got                        attrition
scores       a histogram a graded gate, with its limit   distributions
tokens       lengths before and after                    distributions
forms        JSON, list, line … before and after         distributions
clusters     near copies among the seeds, with examples  examples
drops        ten rows a reason, with their texts         examples
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from distill.report import distributions, examples, losses

if TYPE_CHECKING:
    import polars as pl

    from distill.curate.accounting.shortfall import Shortfall
    from distill.records import Seed


def gather(
    seeds: pl.DataFrame, samples: pl.DataFrame, dropped: pl.DataFrame, *, gates: Sequence[tuple[str, Mapping[str, Any]]],
    short: Sequence[Shortfall], edge_cases: Sequence[Mapping[str, Any]], unread: Iterable[Seed] = (),
) -> dict[str, Any]:  # fmt: skip
    """The parts above by name.

    `gates` as the spec has them, `short` and `edge_cases` ({where, at_least, got}) as funnel.json has them; `unread` are
    seeds that may be missing in the table, since they were dropped before anything was asked.
    """
    from distill.curate.gates.private import hidden

    settings = [(name, _whole(name, given)) for name, given in gates]
    hide = functools.partial(hidden, persons=any(name == "pii" for name, _ in gates))
    return {
        "by_stratum": losses.by_stratum(seeds, samples, dropped),
        "shortfalls": [asdict(row) | {"cause": row.cause} for row in short],
        "edge_cases": losses.edge_cases(edge_cases, seeds, samples),
        "scores": distributions.scores(samples, dropped, settings),
        "tokens": distributions.lengths(samples, dict(settings).get("length")),
        "forms": distributions.forms(samples),
        "clusters": examples.clusters(seeds, samples, dropped, hide=hide),
        "drops": examples.drops(dropped, samples, _inputs(dropped, seeds, unread), hide=hide),
    }


def _whole(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """A gate's settings with its defaults."""
    from distill.curate.gates.registry import GATES

    defaults = {key: value for key, (_, value) in GATES[name].settings.items() if value is not inspect.Parameter.empty}
    return {**defaults, **given}


def _inputs(dropped: pl.DataFrame, seeds: pl.DataFrame, unread: Iterable[Seed]) -> dict[str, str]:
    """Texts of the seeds among the dropped rows that are shown."""
    import polars as pl

    from distill.seeds import load

    wanted = set(examples.picks(dropped)["row"])
    known = seeds.filter(pl.col("seed_id").is_in(list(wanted))).select("seed_id", "input")
    found = dict(known.iter_rows())
    if wanted <= set(found):
        return found
    others = load.table([seed for seed in unread if seed.id in wanted])
    return dict(others.select("seed_id", "input").iter_rows()) | found
