"""Drop repeated seeds and set the test rows aside, before anything is paid.

In: the table of `load.table`. Out: the same rows with `cluster` and `role` ("train" or "test"), and every row that went,
with what it is near to. No training row is left near a test row, or of the group of one. Choices hang on hashes of the seeds' content: the order of the file
changes nothing, and a seed added later moves few.

A cluster is one row with those near it, and has that row's seed_id. It is no chain: where a is near b, b near c, and so on
for ten thousand rows, the two ends have nothing in common, and a test row out of such a chain costs the training set only
the few that are near it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from distill.records import Json, content_id
from distill.seeds import draw
from distill.similarity.arrays import Int64s
from distill.similarity.graph import Graph
from distill.similarity.keys import keys_of
from distill.tables.outcome import Outcome, ordered, partition, summary

STAGE = "seeds"
TEST, CALIBRATION, TRAIN = "test", "calibration", "train"
"""What a row is for, as the column `role` says it; rows for calibration set the threshold of what the student may answer alone."""
REPEATED = "repeated"
"""The reason of a row that says the same as one that stayed."""
_PLACE = re.compile(r"(?P<source>.*?):(?P<line>\d+)(?: \(id (?P<own_id>.*)\))?: same text as ", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Draw:
    """How test rows are drawn: so many `rows`, or a `share` of the table; another `seed` draws others."""

    share: float | None = None
    rows: int | None = None
    gold: bool = True
    """From rows with a known answer first, and from others as far as these do not suffice; else only from the others, since known
    answers train.
    """
    where: Mapping[str, str] | None = None
    """Labels that a test row must have."""
    seed: int = 0
    calibration: int = 0
    """Rows that are set aside after those of the test, by the same rules."""


def split(
    table: pl.DataFrame, wanted: Draw, *, near: float = 0.85, leak: float | None = None,
    pinned: pl.DataFrame | None = None, graph: Graph | None = None,
) -> Outcome:  # fmt: skip
    """Draw the test rows by stratum in proportion, no two of a cluster or near each other; with a `pinned` table those rows
    are the test instead.

    The report says how many were asked and got: clusters, missing answers and `where` can leave fewer. `leak` is the
    similarity from which a row is too near a test row to train, by itself `near`. `graph` is of all inputs (`Graph.of`), where
    the caller has it.
    """
    unique = without_repeats(table)
    own = without_repeats(table.clear() if pinned is None else pinned)
    every = pl.concat([own.kept, unique.kept])
    limit = near if leak is None else leak
    known = graph or Graph.of(inputs(every), threshold=min(near, limit))
    roots = clusters(every, near, known)
    test, asked = np.arange(own.kept.height), own.kept.height
    if pinned is None:
        asked = wanted.rows if wanted.rows is not None else round((wanted.share or 0) * every.height)
        own_first, others = _eligible(every, wanted.gold, wanted.where)
        test = _draw(every, roots, asked, known, own_first, wanted.seed)
        if (lacking := asked - len(test)) > 0 and len(others):
            more = _draw(every, roots, lacking, known, others, wanted.seed, test.tolist())
            test = np.sort(np.concatenate([test, more]))
    aside_rows = {TEST: test}
    drops = _apart(every, test, limit, known, TEST)
    if wanted.calibration:
        left = _for_calibration(every, wanted, np.array([*test, *drops], np.int64))
        aside_rows[CALIBRATION] = _draw(every, roots, wanted.calibration, known, left, wanted.seed)
        drops = _apart(every, aside_rows[CALIBRATION], limit, known, CALIBRATION, but=test.tolist()) | drops
    role = np.full(every.height, TRAIN, dtype=object)
    for name, places in aside_rows.items():
        role[places] = name
    marked = every.with_columns(cluster=every["seed_id"].gather(roots), role=pl.Series(role.tolist(), dtype=pl.String))
    strata = dict(every[test].group_by("stratum").len().sort("stratum").iter_rows())
    aside = partition(marked, drops, stage=STAGE)
    told: dict[str, Json] = {"test": {"asked": asked, "got": len(test), "strata": strata}}
    if CALIBRATION in aside_rows:
        told |= {"calibration": {"asked": wanted.calibration, "got": len(aside_rows[CALIBRATION])}}
    return _joined([unique, own, aside], told)


def _joined(steps: Sequence[Outcome], told: dict[str, Json]) -> Outcome:
    """What the last step kept, and what went in any of them; what is `told` of the draw stands in the report."""
    kept = steps[-1].kept
    gone = pl.concat([step.dropped for step in steps]).sort("row", "reason", "detail")
    rejected = ordered(pl.concat([step.rejected for step in steps], how="diagonal"))
    went = pl.concat([step.rejected.select("source").with_columns(step.dropped["reason"]) for step in steps])
    sources = by_source(kept["source"], went.group_by("source", "reason").len())
    report = summary(STAGE, kept.height + rejected.height, gone) | told | {"sources": sources}
    return Outcome(kept=ordered(kept), dropped=gone, report=report, rejected=rejected)


def by_source(kept: pl.Series, went: pl.DataFrame) -> dict[str, dict[str, int]]:
    """Of each source that lost rows how many came ("in"), and how many went for which reason; `went` are (source, reason, len), and
    parts of them may be counted apart.
    """
    found: dict[str, dict[str, int]] = {}
    for source, reason, count in (
        went.group_by("source", "reason").agg(pl.col("len").sum()).sort("source", "reason").iter_rows()
    ):
        found.setdefault(source, {"in": 0})[reason] = count
    for source, counts in found.items():
        counts["in"] = int((kept == source).sum()) + sum(counts.values())
    return found


def without_repeats(table: pl.DataFrame) -> Outcome:
    """One row for each text of `input`: one with a known answer if there is any, else the smallest seed_id; of several with
    other labels or answers, the choice hangs on what they say, not on where they stand.
    """
    rows = table.sort("source", "line", "seed_id")
    _, group, sizes = np.unique(keys_of(rows["input"]), return_inverse=True, return_counts=True)
    repeated = np.flatnonzero(sizes[group] > 1)
    members = dict(zip(repeated.tolist(), rows[repeated].to_dicts(), strict=True))
    kept_of: dict[int, int] = {}
    for i in sorted(members, key=lambda i: (*_rank(members[i]), i)):
        kept_of.setdefault(int(group[i]), i)
    drops = {}
    for i, row in members.items():
        kept = members[kept_of[int(group[i])]]
        if kept is not row:
            drops[i] = (REPEATED, repeat_detail(row, kept))
    return partition(rows, drops, stage=STAGE)


def repeat_detail(row: Mapping[str, Json], kept: Mapping[str, Json]) -> str:
    """The detail of a repeat, which has the id of the seed that stayed: `a.jsonl:9 (id 1007): same text as 4f0c… (a.jsonl:3)`."""
    own_id = f" (id {row['own_id']})" if row.get("own_id") else ""
    other = ", which has another known answer" if row["gold"] not in (None, kept["gold"]) else ""
    return f"{row['source']}:{row['line']}{own_id}: same text as {kept['seed_id']} ({kept['source']}:{kept['line']}){other}"


def names_repeat(detail: str, given: str) -> bool:
    """Whether `given` is the own id, the line, or FILE:LINE of the repeat that this detail is of."""
    place = _PLACE.match(detail)
    return place is not None and given in (place["own_id"], place["line"], f"{place['source']}:{place['line']}")


def _rank(row: dict[str, Json]) -> tuple[bool, str, str]:
    """The smallest of a text stays; rows that are equal in it say the same."""
    return row["gold"] is None, str(row["seed_id"]), content_id("repeated", row["labels"], row["gold"])


def inputs(table: pl.DataFrame) -> list[str]:
    """The texts of which a graph is made, in the order of their seed_ids."""
    return table.sort("seed_id")["input"].to_list()


def clusters(rows: pl.DataFrame, near: float, graph: Graph) -> Int64s:
    """For each row the index of the row that its cluster is named for; of those near each other the smallest seed_id."""
    order = rows.with_row_index("at").sort("seed_id", "at")["at"].to_numpy().astype(np.int64)
    found = graph.near_duplicates(rows["input"].gather(order), threshold=near)
    roots = np.arange(rows.height)
    for i, nearest in zip(order, found, strict=True):
        if nearest is not None:
            roots[i] = order[nearest.index]
    return roots


def _eligible(rows: pl.DataFrame, gold: bool, where: Mapping[str, str] | None) -> tuple[Int64s, Int64s]:
    """The places of the rows that may be drawn, and of those that may be where the first are too few."""
    known = rows["gold"].is_not_null().to_numpy()
    may = np.ones(rows.height, bool)
    if where:
        may = np.array([where.items() <= json.loads(labels).items() for labels in rows["labels"]], bool)
    if not gold:
        return np.flatnonzero(may & ~known), np.zeros(0, np.int64)
    return np.flatnonzero(may & (known if known.any() else True)), np.flatnonzero(may & ~known)


def _for_calibration(rows: pl.DataFrame, wanted: Draw, taken: Int64s) -> Int64s:
    """The places of the rows that may be set apart; also those whose known answers would train, where there are too few others."""
    left = np.setdiff1d(np.concatenate(_eligible(rows, wanted.gold, wanted.where)), taken)
    if wanted.gold or len(left) >= wanted.calibration:
        return left
    return np.setdiff1d(np.concatenate(_eligible(rows, True, wanted.where)), taken)


def _draw(
    rows: pl.DataFrame, roots: Int64s, count: int, graph: Graph, eligible: Int64s, seed: int, first: Sequence[int] = ()
) -> Int64s:
    """The places of so many test rows, ascending, none of them near one of `first`."""
    nodes, near = graph.neighbours(rows["input"])
    named = rows["group"].is_not_null().any()
    groups = (
        draw.hashes(rows["group"].fill_null(rows["seed_id"]), "test group", seed, count=rows.height)
        if named
        else np.zeros(rows.height, np.uint64)
    )
    drawn_from = draw.DrawnFrom(
        rows["stratum"], roots, np.array([len(some) for some in near], np.int64), np.array(nodes, np.int64), lambda i: near[i],
        groups, draw.hashes(rows["seed_id"], "test", seed, count=rows.height), Counter(rows["stratum"].to_list()),
    )  # fmt: skip
    return draw.draw(drawn_from, count, eligible, first)


def _apart(
    rows: pl.DataFrame, held_out: Int64s, near: float, graph: Graph, role: str, but: Sequence[int] = ()
) -> dict[int, tuple[str, str]]:
    """Every row that may not train beside those held out, but for the places `but` → why."""
    drops = _of_their_groups(rows, held_out, role) | near_them(rows, held_out, near, graph, role)
    for place in but:
        drops.pop(int(place), None)
    return drops


def _of_their_groups(rows: pl.DataFrame, held_out: Int64s, role: str) -> dict[int, tuple[str, str]]:
    """Every other row that came from what a row held out came from → that row."""
    groups, names = rows["group"].to_list(), rows["seed_id"]
    whose = {groups[i]: names[i] for i in reversed(held_out.tolist()) if groups[i] is not None}
    return {
        i: (f"group_of_{role}_row", f"{groups[i]!r} is the group of {role} row {whose[groups[i]]}")
        for i in np.delete(np.arange(rows.height), held_out).tolist()
        if groups[i] in whose
    }


def near_them(rows: pl.DataFrame, held_out: Int64s, near: float, graph: Graph, role: str) -> dict[int, tuple[str, str]]:
    """Every other row that is near a row held out → its nearest; their places ascend."""
    others, names = np.delete(np.arange(rows.height), held_out), rows["seed_id"].gather(held_out)
    found = graph.nearest(rows["input"].gather(others), rows["input"].gather(held_out).to_list(), threshold=near)
    return {
        i: (f"near_{role}_row", f"{role} row {names[nearest.index]}: {nearest}")
        for i, nearest in zip(others.tolist(), found, strict=True)
        if nearest is not None
    }
