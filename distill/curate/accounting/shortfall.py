"""What the dataset lacks of what was wanted, stratum by stratum, with the reason that cost most there.

Computed once, by `curate`, and kept in funnel.json: the command's end and the report draw the rows that stand there.

Wanted is what each stratum would hold if no row had been lost. It is lacking where the dataset has fewer rows than were asked
for in all, and where a count, a share, a floor or an edge case was not reached. Otherwise other strata gave what one lacked,
and nothing is missing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill.records import Json
from distill.seeds.expansion import rounds
from distill.strata import coverage, targets
from distill.strata import quotas as strata
from distill.strata.quotas import LabelledRow
from distill.tables.reasons import SPARE
from distill.task.task import Task

_CAP, _NO_SEED = "at_most", "no_seed_left"
_CAUSES = {_CAP: "the cap on new seeds", _NO_SEED: "too few seeds"}
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A stratum with fewer rows than were wanted: the `reason` that cost most there, and how many it cost.

    The reason is that of a dropped row. What no dropped row accounts for is `at_most` where the cap on new seeds was reached,
    else `no_seed_left`.
    """

    stratum: str
    wanted: int
    got: int
    reason: str
    count: int

    @property
    def missing(self) -> int:
        """Rows still to come."""
        return self.wanted - self.got

    @property
    def cause(self) -> str:
        """The reason in words."""
        return _CAUSES.get(self.reason, self.reason)


def shortfall(
    task: Task, table: pl.DataFrame, kept: pl.DataFrame, dropped: pl.DataFrame, made: Mapping[str, Json] | None
) -> list[Shortfall]:
    """The strata that lack rows, the largest gap first. `made` is the funnel's line of the synthetic seeds, if there were any."""
    # Where no number of rows is wanted, only what edge cases and quotas ask for can be missing.
    aims, room = task.targets, rounds.unlimited(task, table)
    wanted = targets.wanted(aims, table, room, firm=not aims.numbered)
    got = coverage.rows_by_stratum(kept)
    if task.targets.numbered and kept.height < sum(wanted.values()):
        lacking = set(wanted)
    else:
        labels = coverage.labelled(table.filter(role="train").unique(["stratum", "labels"]))
        lacking = _below_quota(task, labels, got) | _below_edge_case(task, labels, kept)
    lost, rest = _lost(dropped), _CAP if _capped(task, made) else _NO_SEED
    found = [
        Shortfall(stratum, wanted[stratum], got[stratum], *_worst(lost[stratum], wanted[stratum] - got[stratum], rest))
        for stratum in lacking & wanted.keys()
        if got[stratum] < wanted[stratum]
    ]
    return sorted(found, key=lambda row: (-row.missing, row.stratum))


def _below_quota(task: Task, labels: Sequence[LabelledRow], got: Counter[str]) -> set[str]:
    """The strata of each count, share or floor of `strata.quotas` that was not reached."""
    asked = strata.demanded(dict(labels), task.targets.rules, task.spec.dataset.accept)
    return {name for names, rows in asked if sum(got[name] for name in names) < rows for name in names}


def _below_edge_case(task: Task, labels: Sequence[LabelledRow], kept: pl.DataFrame) -> set[str]:
    """The strata with rows of an edge case that was not reached."""
    cases = task.edge_cases
    there, got = strata.matching(labels, cases), strata.matching(coverage.labelled(kept), cases)
    short = (names for case, names, came in zip(cases, there, got, strict=True) if sum(came.values()) < case.at_least)
    return set[str]().union(*short)


def _capped(task: Task, made: Mapping[str, Json] | None) -> bool:
    """Whether as many new seeds were asked for as the spec allows."""
    expand = task.spec.seeds.expand
    return expand is not None and made is not None and made["in"] - made["from_parent"] >= expand.at_most


def _lost(dropped: pl.DataFrame) -> defaultdict[str, Counter[str]]:
    """Stratum → reason → rows, of those that could have been in the dataset: what went before the test rows were set aside
    is in no quota.
    """
    lost: defaultdict[str, Counter[str]] = defaultdict(Counter)
    gone = dropped.filter(pl.col("stage") != "seeds", ~pl.col("reason").is_in(SPARE))
    for stratum, reason, count in gone.group_by("stratum", "reason").len().iter_rows():
        lost[stratum][reason] = count
    return lost


def _worst(lost: Counter[str], missing: int, rest: str) -> tuple[str, int]:
    """(the reason that cost most rows, how many); `rest` is the reason of what is missing and was not lost."""
    counts = lost + Counter({rest: max(0, missing - lost.total())})
    return min(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def read_shortfall(funnel: Mapping[str, Json]) -> list[Shortfall]:
    """The rows that funnel.json holds."""
    return [Shortfall(**row) for row in funnel.get("shortfall", ())]


def shortfall_text(missing_rows: Sequence[Shortfall]) -> list[str]:
    """The same for people."""
    if not missing_rows:
        return []
    missing = sum(row.missing for row in missing_rows)
    rows, strata = "row is" if missing == 1 else "rows are", "stratum" if len(missing_rows) == 1 else "strata"
    said = [f"{missing:,} {rows} missing in {len(missing_rows)} {strata}:"]
    said += [
        f"  {row.stratum}: {row.got:,} of {row.wanted:,} rows; {row.cause} cost most ({row.count:,})"
        for row in missing_rows[:_SHOWN]
    ]
    return [*said, f"  and {len(missing_rows) - _SHOWN} more strata"] if len(missing_rows) > _SHOWN else said
