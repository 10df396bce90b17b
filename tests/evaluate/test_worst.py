"""The lowest scores of the student, beside what was expected."""

from __future__ import annotations

import polars as pl
from compared import SCORES

from distill.evaluate.comparison import compare
from distill.evaluate.worst import best_answers


def test_the_worst_answers_show_a_plain_known_answer_as_itself() -> None:
    scores = pl.DataFrame([("s", "student", "json_fields", 0.0, "x")], schema=SCORES, orient="row")
    calls = pl.DataFrame(
        {
            "seed_id": ["s"], "arm": ["student"], "latency_s": [0.1], "prompt_tokens": [1], "completion_tokens": [1],
            "usd": [0.0], "text": ["billing"], "ended": ["ok"],
        }
    )  # fmt: skip
    tests = pl.DataFrame({"seed_id": ["s"], "input": ["in"], "gold": ['{"answer": "technical"}']})
    (case,) = compare(scores, calls, tests, margin=0.02).worst
    assert (case.gold, case.student) == ("technical", "billing")


def test_best_answers_are_those_most_ahead_of_the_teacher_then_those_right() -> None:
    """A row without a point is none of them; one that the teacher has no score of counts as ahead by all of it."""
    rows = [
        ("ahead", "student", 1.0), ("ahead", "teacher", 0.0), ("both", "student", 1.0), ("both", "teacher", 1.0), ("half", "student", 0.5),
        ("half", "teacher", 0.0), ("wrong", "student", 0.0), ("wrong", "teacher", 1.0), ("none", "student", None),
    ]  # fmt: skip
    scores = pl.DataFrame(
        [(seed, arm, "json_fields", value, "why" if seed == "half" else "") for seed, arm, value in rows],
        schema=SCORES,
        orient="row",
    )
    calls = pl.DataFrame({"seed_id": ["ahead"], "arm": ["student"], "text": ["said"]})
    tests = pl.DataFrame(
        {"seed_id": ["ahead", "both", "half"], "input": ["in", "in", "in"], "gold": [None, None, None]}
    )
    found = best_answers(scores, calls, tests, "json_fields", ())
    assert [(one.seed_id, one.value) for one in found] == [("ahead", 1.0), ("half", 0.5), ("both", 1.0)]
    assert (found[0].student, found[0].teacher) == ("said", "")
    assert found[1].reasons == {"json_fields": "why"}
