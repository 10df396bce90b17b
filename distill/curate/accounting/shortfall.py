"""What the dataset lacks of what was wanted, stratum by stratum, with the reason that cost most there."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from distill.seeds.expansion import rounds
from distill.strata import targets

if TYPE_CHECKING:
    import polars as pl

    from distill.task.task import Project

_NO_LOSS = frozenset({"over_quota", "not_asked", "another_answer", "outvoted"})
"""Reasons of rows that nobody lacks."""
_WORDS = {"at_most": "the cap on new seeds", "no_seed_left": "that no seed is left"}
_SHOWN = 10


def of(
    project: Project, table: pl.DataFrame, kept: pl.DataFrame, dropped: pl.DataFrame, made: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """[{stratum, wanted, got, reason, count}] of the strata that lack rows; empty where the dataset has as many as wanted.

    What no dropped row accounts for is `at_most` where the cap on new seeds was reached, else `no_seed_left`.
    """
    wanted = targets.wanted(project.targets, table, rounds.unlimited(project, table))
    if kept.height >= sum(wanted.values()):
        return []
    expand = project.spec.seeds.expand
    capped = expand is not None and made is not None and made["in"] - made["from_parent"] >= expand.at_most
    got = Counter(kept["stratum"].to_list())
    lost: dict[str, Counter[str]] = defaultdict(Counter)
    for stratum, reason in dropped.select("stratum", "reason").iter_rows():
        if reason not in _NO_LOSS:
            lost[stratum][reason] += 1
    found = []
    for stratum, count in sorted(wanted.items()):
        if (missing := count - got[stratum]) > 0:
            reasons = lost[stratum]
            reasons["at_most" if capped else "no_seed_left"] = max(0, missing - reasons.total())
            reason = max(sorted(reasons), key=reasons.__getitem__)
            found.append(
                {"stratum": stratum, "wanted": count, "got": got[stratum], "reason": reason, "count": reasons[reason]}
            )
    return found


def lines(shortfall: Sequence[Mapping[str, Any]]) -> list[str]:
    """The same for people, the largest first."""
    if not shortfall:
        return []
    missing = sum(row["wanted"] - row["got"] for row in shortfall)
    worst = sorted(shortfall, key=lambda row: (row["got"] - row["wanted"], row["stratum"]))
    rows, strata = "row is" if missing == 1 else "rows are", "stratum" if len(shortfall) == 1 else "strata"
    said = [f"{missing:,} {rows} missing in {len(shortfall)} {strata}:"]
    said += [
        f"  {row['stratum']}: {row['got']:,} of {row['wanted']:,} rows; {_WORDS.get(row['reason'], row['reason'])} cost most ({row['count']:,})"
        for row in worst[:_SHOWN]
    ]
    return [*said, f"  and {len(worst) - _SHOWN} more strata"] if len(worst) > _SHOWN else said
