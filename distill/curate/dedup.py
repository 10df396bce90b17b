"""Drop samples that repeat another: the same input and answer, or an input near another's.

Of samples that are near each other the best one stays (an approved one, else the highest score, then smallest seed_id), and each that
goes is near one that stays: a chain of similar rows never takes along a row that is unlike the survivor.

Twins whose answers differ in what they are compared by contradict each other: a student that learns from both learns
neither. Such a drop is a `conflict`, and where the task says so the one that would stay goes too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import polars as pl

from distill.curate.outcome import Outcome, by_worth, ordered, partition
from distill.records import GOLD, Json, canonical
from distill.similar import twins
from distill.text import normalise, strict_json

_ANOTHER = "another_answer"
"""The reason of a further draw, or of another teacher's answer, to a row that is in the dataset already."""


def duplicates(
    frame: pl.DataFrame, *, near: float, compare: Sequence[str] = (), on_conflict: Literal["keep", "drop"] = "keep"
) -> Outcome:
    """`near`: similarity in (0, 1] from which two inputs count as one; the draws of one seed always do.

    `compare` are the fields of a JSON answer in which twins must agree; `on_conflict` is what becomes of the better one.
    """
    rows = ordered(frame)
    best_first = by_worth(rows)
    seeds, inputs, teachers = (rows[name].to_list() for name in ("seed_id", "input", "teacher"))
    said = zip(rows["answer"], rows["tool_calls"], strict=True)
    answers = [normalise(f"{text} {calls}") for text, calls in said]
    names = [
        _name(seed, teacher, draw) for seed, teacher, draw in rows.select("seed_id", "teacher", "draw").iter_rows()
    ]
    first: dict[tuple[str, str], int] = {}
    exact = {}
    for i in best_first:
        twin = first.setdefault((normalise(inputs[i]), answers[i]), i)
        if twin != i and seeds[twin] == seeds[i]:
            exact[i] = _ANOTHER, f"of this row {names[twin]} is kept"
        elif twin != i:
            exact[i] = ("exact_duplicate", f"same input and answer as {names[twin]}")
    single = [i for i in best_first if i not in exact]
    drops = dict(exact)
    for i, found in zip(single, twins([inputs[i] for i in single], threshold=near), strict=True):
        if found is not None:
            twin, value = single[found[0]], found[1]
            if seeds[twin] == seeds[i]:
                drops[i] = _ANOTHER, f"of this row {names[twin]} is kept"
                continue
            if clash := _clash(rows["answer"][i], rows["answer"][twin], compare):
                drops[i] = ("conflict", f"input near {names[twin]} (similarity {value:.2f}), but {clash}")
                if on_conflict == "drop" and (teachers[twin] != GOLD or teachers[i] == GOLD):
                    drops.setdefault(
                        twin, ("conflict", f"{names[i]} has nearly this input, and answers otherwise: {clash}")
                    )
                continue
            differs = "another answer" if answers[twin] != answers[i] else "the same answer"
            detail = f"input near {names[twin]}, which has {differs}: similarity {value:.2f}, limit {near}"
            drops[i] = ("near_duplicate", detail)
    return partition(rows, drops, stage="dedup")


def _name(seed: str, teacher: int, draw: int) -> str:
    """How a detail calls an answer."""
    if teacher == GOLD:
        return f"the gold answer of {seed}"
    return f"{seed}#{draw}" if teacher == 0 else f"{seed}#{draw} of teacher {teacher + 1}"


def _clash(one: str, other: str, compare: Sequence[str]) -> str:
    """The first field in which two JSON answers differ, with both values; empty where they agree or are none."""
    try:
        left, right = _fields(one), _fields(other)
    except ValueError:
        return ""
    name = next((name for name in compare if canonical(left.get(name)) != canonical(right.get(name))), None)
    return "" if name is None else f"{name} is {canonical(left.get(name))} here and {canonical(right.get(name))} there"


def _fields(answer: str) -> dict[str, Json]:
    value = strict_json(answer)
    return value if isinstance(value, dict) else {}
