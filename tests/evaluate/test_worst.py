"""The lowest scores of the student, beside what was expected."""

from __future__ import annotations

import polars as pl
from compared import SCORES

from distill.evaluate.comparison import compare


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
