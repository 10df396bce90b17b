"""Drop samples that repeat another: the same input and answer, or an input near another's.

Of samples that are near each other the best one stays (highest score, then smallest seed_id), and each that
goes is near one that stays: a chain of similar rows never takes along a row that is unlike the survivor.
"""

from __future__ import annotations

import polars as pl

from distill.curate.outcome import Outcome, by_worth, ordered, partition
from distill.similar import twins
from distill.text import normalise

_ANOTHER = "another_answer"
"""The reason of a further draw, or of another teacher's answer, to a row that is in the dataset already."""


def duplicates(frame: pl.DataFrame, *, near: float) -> Outcome:
    """`near`: similarity in (0, 1] from which two inputs count as one; the draws of one seed always do."""
    rows = ordered(frame)
    best_first = by_worth(rows)
    seeds, inputs = rows["seed_id"].to_list(), rows["input"].to_list()
    said = zip(rows["answer"], rows["tool_calls"], strict=True)
    answers = [normalise(f"{text} {calls}") for text, calls in said]
    names = [
        f"{seed}#{draw}" if teacher == 0 else f"{seed}#{draw} of teacher {teacher + 1}"
        for seed, teacher, draw in rows.select("seed_id", "teacher", "draw").iter_rows()
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
            differs = "another answer" if answers[twin] != answers[i] else "the same answer"
            detail = f"input near {names[twin]}, which has {differs}: similarity {value:.2f}, limit {near}"
            drops[i] = ("near_duplicate", detail)
    return partition(rows, drops, stage="dedup")
