"""How many rows each stratum is to have, over what it can give: the spec's numbers apportioned by `seeds.strata`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from distill.seeds import prepare

if TYPE_CHECKING:
    import polars as pl

    from distill.strata.quotas import Rule
    from distill.task.task import Project


_MARGIN = 0.1
"""How many more than are lacking are asked for, as a share."""


def likely(lack: int, *, tried: int, got: int) -> int:
    """How many to try for so many lacking rows: a margin more, over the share of those tried before that came through."""
    return math.ceil(lack * (1 + _MARGIN) * (tried + 1) / (got + 1))


def of(
    project: Project, hoped: pl.DataFrame, clean: pl.DataFrame, train: pl.DataFrame, room: Mapping[str, int],
    *, firm: bool = False,
) -> dict[str, int]:  # fmt: skip
    """Quotas over what each stratum can still give: rows that passed (`clean`), seeds of which there is hope, and those that
    could be made from its training seeds (`room`, by stratum). With `firm` only edge cases, floors, counts and shares.
    """
    import polars as pl

    from distill.strata import quotas

    rows = [*prepare.labelled(clean), *prepare.labelled(hoped)]
    available = Counter(stratum for stratum, _ in rows)
    matches = quotas.matching(rows, project.edge_cases)
    if room:
        made_from = quotas.matching(prepare.labelled(train), project.edge_cases)
        for stratum, count in room.items():
            available[stratum] += count
            for match, origin in zip(matches, made_from, strict=True):
                if stratum in origin:
                    match[stratum] = match.get(stratum, 0) + count
    return quotas.quotas(
        available,
        dict([*prepare.labelled(train), *rows]),
        accept=project.spec.dataset.accept,
        per_stratum=0 if firm else project.spec.dataset.per_stratum,
        edge_cases=project.edge_cases,
        matches=matches,
        rules=rules(project),
        temperature=project.spec.dataset.temperature,
        natural=Counter(train.filter(~pl.col("source").str.starts_with("expand:"))["stratum"].to_list()),
    )


def rules(project: Project) -> list[Rule]:
    """`strata.quotas` of the spec."""
    from distill.strata import quotas

    return [quotas.Rule(**quota.model_dump()) for quota in project.spec.strata.quotas]


def wanted(project: Project, table: pl.DataFrame, room: Mapping[str, int]) -> dict[str, int]:
    """What each stratum should hold if no row were lost, and as many were made as `room` allows."""
    train = table.filter(role="train")
    return of(project, train, train.clear(), train, room)


def numbered(project: Project) -> bool:
    """Whether the spec says how many rows are wanted in all, or of each stratum."""
    dataset = project.spec.dataset
    return dataset.accept is not None or dataset.per_stratum is not None


def promised(project: Project, table: pl.DataFrame, room: Mapping[str, int]) -> dict[str, int]:
    """As `wanted`; of a spec without a number of rows only what its edge cases and quotas ask for."""
    train = table.filter(role="train")
    return of(project, train, train.clear(), train, room, firm=not numbered(project))
