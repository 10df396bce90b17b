"""Steps that dropped more than half of all rows, of a source or of a stratum: what nobody should find out by counting.

    {"stage": "dedup", "of": "source", "name": "a.jsonl", "in": 24, "dropped": 18, "reasons": {"near_duplicate": 18}}

Rows that nobody missed (`reasons.SPARE`) are no loss, and groups in which fewer
than `LEAST` rows went are left out. A step's rows are those that the steps before it left: seeds up to the asking, then answers, with
the approved rows from the step on at which they come in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill.curate.accounting.funnel import FunnelLine
from distill.records import GOLD, Json
from distill.tables.reasons import SPARE

LEAST = 3
SHOWN = 4
"""Groups of one step that are reported."""

Group = tuple[str, str]
"""(rows, source or stratum; its name)."""
GroupCounts = Counter[Group]
_SEEDS = "seeds"


@dataclass(frozen=True, slots=True)
class LargeLoss:
    """A step that dropped more than half of a group's rows."""

    stage: str
    group: str
    """`rows` (all of them), `source` or `stratum`."""
    name: str
    entered: int
    dropped: int
    reasons: dict[str, int]
    """Reason → rows, the commonest first."""

    @property
    def share(self) -> float:
        """What part of the rows went."""
        return self.dropped / self.entered

    def as_json(self) -> dict[str, Json]:
        """The loss as funnel.json holds it."""
        return {
            "stage": self.stage, "of": self.group, "name": self.name, "in": self.entered, "dropped": self.dropped,
            "reasons": self.reasons,
        }  # fmt: skip


def read_losses(funnel: Mapping[str, Json]) -> list[LargeLoss]:
    """The losses that funnel.json holds."""
    return [
        LargeLoss(row["stage"], row["of"], row["name"], row["in"], row["dropped"], row["reasons"])
        for row in funnel.get("large_losses", ())
    ]


def large_losses(
    funnel: Sequence[FunnelLine], *, seeds: pl.DataFrame, samples: pl.DataFrame, dropped: pl.DataFrame,
    by_source: Mapping[str, Mapping[str, int]],
) -> list[LargeLoss]:  # fmt: skip
    """Every such step with its groups, in the order of the funnel, the greatest share first.

    `seeds` has seed_id, source and stratum, `samples` seed_id and teacher, `dropped` the columns of dropped.parquet. `by_source` has
    of each source the seeds that were read and those that went before the asking, by reason ("in" and the reasons).
    """
    source = seeds.select(row="seed_id", source="source")
    answers, approved = (
        group_counts(samples.filter(some).join(seeds, on="seed_id", how="left"))
        for some in (pl.col("teacher") != GOLD, pl.col("teacher") == GOLD)
    )
    lost = loss_counts(dropped.join(source, on="row", how="left"))
    counts = RowCounts(group_counts(seeds), answers, approved, lost)
    return losses_of(funnel, counts, by_source)


@dataclass(frozen=True, slots=True)
class RowCounts:
    """How many rows there are, as (source, stratum, len), and how many were lost, as (stage, reason, source, stratum, len)."""

    seeds: pl.DataFrame
    answers: pl.DataFrame
    approved: pl.DataFrame
    lost: pl.DataFrame


def losses_of(
    funnel: Sequence[FunnelLine], counts: RowCounts, by_source: Mapping[str, Mapping[str, int]]
) -> list[LargeLoss]:
    """The same of rows that were counted, such as a part at a time."""
    answers, approved, lost = _counted(counts.answers), _counted(counts.approved), _lost(counts.lost)
    seeds = _counted(counts.seeds)
    found = _over_half(_SEEDS, *_of_seeds(seeds, lost[_SEEDS], by_source))
    names = [line.stage for line in funnel]
    there = answers
    for stage in dict.fromkeys(
        names[names.index("answer") + 1 :]
    ):  # a gate that is named twice has one name in the table
        if stage == "gold":
            found += _over_half(stage, approved, lost[stage])
            there = there + approved - _gone(lost[stage])
            continue
        found += _over_half(stage, there, lost[stage])
        there = there - _gone(lost[stage])
    return found


def loss_text(losses: Sequence[LargeLoss], run: str) -> list[str]:
    """The same for people, with the command that lists the rows."""
    return [
        f"{loss.stage} dropped {loss.dropped:,} of {loss.entered:,} {_named(loss)} ({round(100 * loss.share)} %): "
        f"{', '.join(f'{reason} {count:,}' for reason, count in loss.reasons.items())}; "
        f"`distill show {run} dropped --reason {next(iter(loss.reasons))}` lists them"
        for loss in losses
    ]


def _named(loss: LargeLoss) -> str:
    return "rows" if loss.group == "rows" else f"rows of {loss.group} {loss.name}"


def group_counts(rows: pl.DataFrame) -> pl.DataFrame:
    """(source, stratum, len) of rows with these columns; parts can be put one after the other."""
    return rows.group_by("source", "stratum").len()


def loss_counts(dropped: pl.DataFrame) -> pl.DataFrame:
    """(stage, reason, source, stratum, len) of rows of dropped.parquet with their source."""
    return dropped.group_by("stage", "reason", "source", "stratum").len()


def _counted(counts: pl.DataFrame) -> GroupCounts:
    found: GroupCounts = Counter()
    for source, stratum, count in counts.select("source", "stratum", "len").iter_rows():
        found.update(dict.fromkeys(_groups(source, stratum), count))
    return found


def _groups(source: str | None, stratum: str) -> list[Group]:
    return [("rows", ""), ("stratum", stratum), *([("source", source)] if source is not None else [])]


def _lost(counts: pl.DataFrame) -> defaultdict[str, dict[Group, Counter[str]]]:
    """Stage → group → reason → rows."""
    found: defaultdict[str, dict[Group, Counter[str]]] = defaultdict(dict)
    table = (
        counts.group_by("stage", "reason", "source", "stratum")
        .agg(pl.col("len").sum())
        .sort("stage", "reason", "source", "stratum")
    )
    for stage, reason, source, stratum, count in table.iter_rows():
        if reason not in SPARE:
            for group in _groups(source, stratum):
                found[stage].setdefault(group, Counter())[reason] += count
    return found


def _of_seeds(
    seeds: GroupCounts, lost: Mapping[Group, Counter[str]], by_source: Mapping[str, Mapping[str, int]]
) -> tuple[GroupCounts, dict[Group, Counter[str]]]:
    """(what was read, what went) before anything was asked: the rows that went are in no table but that of drops, without a source."""
    there = seeds + _gone(lost)
    went = {group: reasons for group, reasons in lost.items() if group[0] != "source"}
    for name, counts in by_source.items():
        there["source", name] = counts["in"]
        went["source", name] = Counter({reason: count for reason, count in counts.items() if reason != "in"})
    return there, went


def _gone(lost: Mapping[Group, Counter[str]]) -> GroupCounts:
    return Counter({group: reasons.total() for group, reasons in lost.items()})


def _over_half(stage: str, there: GroupCounts, lost: Mapping[Group, Counter[str]]) -> list[LargeLoss]:
    losses = sorted(_each(stage, there, lost), key=lambda loss: (loss.group != "rows", -loss.share, loss.name))
    return losses[:SHOWN]


def _each(stage: str, there: GroupCounts, lost: Mapping[Group, Counter[str]]) -> Iterator[LargeLoss]:
    kinds = Counter(kind for kind, _ in there)
    for (kind, name), reasons in lost.items():
        came, went = there[kind, name], reasons.total()
        alone = kind != "rows" and kinds[kind] == 1  # the only source is all rows
        if went >= LEAST and 2 * went > came and not alone:
            ranked = dict(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])))
            yield LargeLoss(stage, kind, name, came, went, ranked)
