"""Drop repeated seeds and set the test rows aside, before anything is paid.

In: the table of `load.table`. Out: the same rows with `cluster` and `role` ("train" or "test"), and every row that went,
with its twin. No training row is left near a test row. Choices hang on hashes of the seeds' content: the order of the file
changes nothing, and a seed added later moves few.

A cluster is one row with those near it, and has that row's seed_id. It is no chain: where a is near b, b near c, and so on
for ten thousand rows, the two ends have nothing in common, and a test row out of such a chain costs the training set only
the few that are near it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import polars as pl

from distill.graph import Graph
from distill.outcome import Outcome, ordered, partition, summary
from distill.records import Json, content_id
from distill.text import normalise

STAGE = "seeds"
Row = dict[str, Json]


def set_aside(
    table: pl.DataFrame,
    *,
    share: float | None = None,
    rows: int | None = None,
    near: float = 0.85,
    leak: float | None = None,
    pinned: pl.DataFrame | None = None,
    gold: bool = True,
    seed: int = 0,
    graph: Graph | None = None,
) -> Outcome:
    """Draw `rows` test rows, or `share` of the table; with a `pinned` table those rows are the test instead.

    Test rows are drawn by stratum in proportion, no two of a cluster or near each other, and only from rows with a known
    answer if there are any; with `gold` off, only from the others, since known answers train. The report says how many were
    asked and got: clusters and missing answers can leave fewer. `leak` is the similarity from which a row is too
    near a test row to train, by itself `near`. `graph` is of all inputs (`Graph.of`), where the caller has it.
    """
    unique = without_repeats(table)
    own = without_repeats(table.clear() if pinned is None else pinned)
    every = pl.concat([own.kept, unique.kept])
    members = every.to_dicts()
    limit = near if leak is None else leak
    known = graph or Graph.of(inputs(every), threshold=min(near, limit))
    roots = _clusters(members, near, known)
    test, asked = set(range(own.kept.height)), own.kept.height
    if pinned is None:
        asked = rows if rows is not None else round((share or 0) * len(members))
        test = _draw(members, roots, asked, seed, known, gold)
    drops = _near_test(members, test, limit, known)
    marked = every.with_columns(
        pl.Series("cluster", [members[root]["seed_id"] for root in roots], dtype=pl.String),
        pl.Series("role", ["test" if i in test else "train" for i in range(len(members))], dtype=pl.String),
    )
    aside = partition(marked, drops, stage=STAGE)
    steps = [unique, own, aside]
    gone = pl.concat([step.dropped for step in steps]).sort("row", "reason", "detail")
    rejected = ordered(pl.concat([step.rejected for step in steps], how="diagonal"))
    report = summary(STAGE, every.height + unique.rejected.height + own.rejected.height, gone)
    strata = Counter(members[i]["stratum"] for i in test)
    report |= {"test": {"asked": asked, "got": len(test), "strata": dict(sorted(strata.items()))}}
    return Outcome(kept=ordered(aside.kept), dropped=gone, report=report, rejected=rejected)


def without_repeats(table: pl.DataFrame) -> Outcome:
    """One row for each text of `input`: one with a known answer if there is any, else the smallest seed_id; of several with
    other labels or answers, the choice hangs on what they say, not on where they stand.
    """
    rows = table.sort("source", "line", "seed_id")
    kept_of: dict[str, int] = {}
    members = rows.to_dicts()
    for i in sorted(range(len(members)), key=lambda i: (*_rank(members[i]), i)):
        kept_of.setdefault(normalise(members[i]["input"]), i)
    drops = {}
    for i, row in enumerate(members):
        kept = members[kept_of[normalise(row["input"])]]
        if kept is not row:
            other = ", which has another known answer" if row["gold"] not in (None, kept["gold"]) else ""
            drops[i] = (
                "repeated",
                f"same text as {kept['seed_id']} ({kept['source']}:{kept['line']}){other}",
            )
    return partition(rows, drops, stage=STAGE)


def _rank(row: Row) -> tuple[bool, str, str]:
    """The smallest of a text stays; rows that are equal in it say the same."""
    return row["gold"] is None, str(row["seed_id"]), content_id("repeated", row["labels"], row["gold"])


def inputs(table: pl.DataFrame) -> list[str]:
    """The texts of which a graph is made, in the order of their seed_ids."""
    return table.sort("seed_id")["input"].to_list()


def _clusters(members: Sequence[Row], near: float, graph: Graph) -> list[int]:
    """For each row the index of the row that its cluster is named for; of those near each other the smallest seed_id."""
    order = sorted(range(len(members)), key=lambda i: (members[i]["seed_id"], i))
    twins = graph.twins([members[i]["input"] for i in order], threshold=near)
    roots = {i: i if twin is None else order[twin.index] for i, twin in zip(order, twins, strict=True)}
    return [roots[i] for i in range(len(members))]


def _draw(members: Sequence[Row], roots: Sequence[int], count: int, seed: int, graph: Graph, gold: bool) -> set[int]:
    sizes = Counter(roots)
    with_gold = gold and any(row["gold"] is not None for row in members)
    nodes, near = graph.neighbours([row["input"] for row in members])
    ranked = sorted(
        (i for i, row in enumerate(members) if (row["gold"] is not None) == with_gold),
        # Rows without near copies first: a test row costs the training set whatever is near it.
        key=lambda i: (max(sizes[roots[i]], 1 + len(near[i])), content_id("test", seed, members[i]["seed_id"])),
    )
    pools: dict[str, list[int]] = defaultdict(list)
    taken: set[int] = set()
    drawn: set[int] = set()
    for i in ranked:
        if roots[i] not in taken and drawn.isdisjoint(near[i]):
            taken.add(roots[i])
            drawn.add(nodes[i])
            pools[members[i]["stratum"]].append(i)
    weights = Counter(row["stratum"] for row in members if row["stratum"] in pools)
    seats = apportion(weights, room={name: len(pool) for name, pool in pools.items()}, seats=count)
    return {i for name, pool in pools.items() for i in pool[: seats[name]]}


def apportion(weights: Mapping[str, int], *, room: Mapping[str, int], seats: int) -> dict[str, int]:
    """Seats by weight and largest remainder, none above its `room`; what does not fit goes to the others."""
    given = dict.fromkeys(sorted(weights), 0)
    seats = min(seats, sum(room[name] for name in weights))
    left = seats
    while left > 0:
        free = [name for name in given if given[name] < room[name]]
        total = sum(weights[name] for name in free)
        takes = {name: left * weights[name] // total for name in free}
        by_remainder = sorted(free, key=lambda name: (-(left * weights[name] % total), name))
        for name in by_remainder[: left - sum(takes.values())]:
            takes[name] += 1
        for name, take in takes.items():
            given[name] += min(take, room[name] - given[name])
        left = seats - sum(given.values())
    return given


def _near_test(members: Sequence[Row], test: set[int], near: float, graph: Graph) -> dict[int, tuple[str, str]]:
    """Every row outside the test that is near a test row → its nearest."""
    tests, others = sorted(test), [i for i in range(len(members)) if i not in test]
    found = graph.nearest([members[i]["input"] for i in others], [members[i]["input"] for i in tests], threshold=near)
    return {
        i: ("near_test_row", f"test row {members[tests[twin.index]]['seed_id']}: {twin}")
        for i, twin in zip(others, found, strict=True)
        if twin is not None
    }
