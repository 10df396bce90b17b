"""Drop samples that repeat another: the same input and answer, or an input near another's.

Of samples that are near each other the best one stays (an approved one, else the highest score, then smallest seed_id), and each that
goes is near one that stays: a chain of similar rows never takes along a row that is unlike the survivor.

Near-duplicates whose answers differ in what they are compared by contradict each other: a student that learns from both learns
neither. Such a drop is a `conflict` (`distill.curate.dedup.conflicts`), and where the task says so the one that would stay goes too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Literal

import numpy as np
import polars as pl

from distill.curate.dedup.conflicts import Conflict, clash, conflict, values
from distill.curate.gates.scoring import by_worth
from distill.records import GOLD
from distill.similarity.graph import Graph, NearText
from distill.similarity.keys import SIZE, Keys, first_of_equal, keys_of
from distill.tables.outcome import Outcome, ordered, partition
from distill.values.rules import Rules

_NO_RULES = Rules()
NearMatch = tuple[int, int, NearText]
"""(row that goes, row that stays, how near they are)."""
OnConflict = Literal["keep", "abstain", "person"]
_ANOTHER = "another_answer"
"""The reason of a further draw, or of another teacher's answer, to a row that is in the dataset already."""


def duplicates(
    frame: pl.DataFrame,
    *,
    near: float,
    compare: Sequence[str] = (),
    on_conflict: OnConflict = "keep",
    graph: Graph | None = None,
    rules: Rules = _NO_RULES,
) -> Outcome:
    """`near`: similarity in (0, 1] from which two inputs count as one; the draws of one seed always do.

    `compare` are the fields in which the answers of near-duplicates must agree, `rules` how they are compared. Of those that do not, `on_conflict` keeps the
    better one or drops both: `abstain`, or `person`, which says that somebody is to decide.
    `graph` is of all inputs, where the caller has it; otherwise it is made here.
    """
    rows = ordered(frame)
    seeds, teachers, name, answers = rows["seed_id"], rows["teacher"], _naming(rows), _answers(rows)
    drops = _exact(rows, answers)
    reason = "for_a_person" if on_conflict == "person" else "conflict"
    for i, stays, how in _matches(rows, frozenset(drops), near, graph):
        if seeds[stays] == seeds[i]:
            drops[i] = _ANOTHER, f"another answer to this row is kept: {name(stays)}"
        elif differs := clash(rows["answer"][i], rows["answer"][stays], compare, rules):
            settled = teachers[stays] == GOLD != teachers[i]
            drops[i] = ("conflict" if settled else reason, f"input near {name(stays)} ({how}), but {differs}")
            if on_conflict != "keep" and not settled:
                drops.setdefault(stays, (reason, f"{name(i)} has a near-duplicate input and another answer: {differs}"))
        else:
            has = "another answer" if answers[stays] != answers[i] else "the same answer"
            word = "same_meaning" if how.kind == "meaning" else "near_duplicate"
            drops[i] = (
                word,
                f"input near {name(stays)}, which has {has}: {how.with_limit(near, graph.meaning if graph else None)}",
            )
    return partition(rows, drops, stage="dedup")


def conflicts(
    frame: pl.DataFrame, *, near: float, compare: Sequence[str], graph: Graph | None = None, rules: Rules = _NO_RULES
) -> list[Conflict]:
    """Every group of rows that `duplicates` would find in conflict: a row that stays and those that contradict it.

    A row's answer is its best one, and a row is in one group at most. What contradicts an approved row is in none: that one
    is right. Sorted by their smallest seed_id.
    """
    rows = ordered(frame)
    seeds, said, teachers = rows["seed_id"], rows["answer"], rows["teacher"]
    groups: dict[int, list[int]] = {}
    for i, stays, _ in _matches(rows, _exact(rows, _answers(rows)), near, graph):
        settled = teachers[stays] == GOLD != teachers[i]
        if not settled and seeds[stays] != seeds[i] and clash(said[i], said[stays], compare, rules):
            groups.setdefault(stays, [stays]).append(i)
    found = [conflict({seeds[i]: values(said[i], compare) for i in sorted(group)}, rules) for group in groups.values()]
    return sorted(found, key=lambda conflict: min(conflict.rows))


def _matches(rows: pl.DataFrame, exact: Collection[int], near: float, graph: Graph | None) -> Iterator[NearMatch]:
    order = by_worth(rows)
    single = order[~np.isin(order, np.fromiter(exact, np.int64, len(exact)))]
    inputs = rows["input"].gather(single)
    known = graph or Graph.of(inputs, threshold=near)
    for i, nearest in enumerate(known.near_duplicates(inputs, threshold=near)):
        if nearest is not None:
            yield int(single[i]), int(single[nearest.index]), nearest


def _exact(rows: pl.DataFrame, answers: Keys) -> dict[int, tuple[str, str]]:
    """Rows that say the same as a better one about the same input."""
    seeds, name, order = rows["seed_id"], _naming(rows), by_worth(rows)
    both = np.stack([keys_of(rows["input"]), answers], axis=1).view(f"S{2 * SIZE}")[:, 0]
    first = first_of_equal(both[order])
    drops = {}
    for place in np.flatnonzero(first < np.arange(len(first))).tolist():
        i, stays = int(order[place]), int(order[first[place]])
        if seeds[stays] == seeds[i]:
            drops[i] = _ANOTHER, f"another answer to this row is kept: {name(stays)}"
        else:
            drops[i] = ("exact_duplicate", f"same input and answer as {name(stays)}")
    return drops


def _answers(rows: pl.DataFrame) -> Keys:
    """What each row says, its calls included: equal where answers are the same."""
    return keys_of(f"{text} {calls}" for text, calls in zip(rows["answer"], rows["tool_calls"], strict=True))


def _naming(rows: pl.DataFrame) -> Callable[[int], str]:
    columns = [rows[name] for name in ("seed_id", "teacher", "kind", "draw")]
    return lambda i: _name(*(column[i] for column in columns))


def _name(seed: str, teacher: int, kind: str, draw: int) -> str:
    """How a detail calls an answer."""
    if teacher == GOLD:
        return f"the gold answer of {seed}"
    name = f"{seed}#{draw}" if kind == "first" else f"{seed}#{kind} {draw}"
    if teacher < GOLD:
        return f"{name} of an earlier teacher"
    return name if teacher == 0 else f"{name} of teacher {teacher + 1}"
