"""Seeds whose known answer trains as it is, without a question to anybody: which they are, and their samples."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from distill import tokens
from distill.records import GOLD, Answer, Ended, Usage

if TYPE_CHECKING:
    import polars as pl

    from distill.flow.project import Project


def approved(project: Project, table: pl.DataFrame) -> pl.DataFrame:
    """The training rows whose known answer is taken."""
    import polars as pl

    trains = project.spec.seeds.gold_rows == "train"
    return table.filter((pl.col("role") == "train") & pl.col("gold").is_not_null() & pl.lit(trains))


def askable(project: Project, table: pl.DataFrame) -> pl.DataFrame:
    """The training rows that a teacher may be asked."""
    import polars as pl

    gold = approved(project, table)["seed_id"].implode()
    return table.filter((pl.col("role") == "train") & ~pl.col("seed_id").is_in(gold))


def samples(project: Project, rows: pl.DataFrame) -> pl.DataFrame:
    """A sample for each approved row; its model is `gold`, and it belongs to no request."""
    from distill.curate import answers
    from distill.curate.approved import spoken

    order = list((project.output or {}).get("properties", {}))

    def answer(gold: str) -> Answer:
        text, calls = spoken(json.loads(gold), fields=order)
        said = tokens.count(text) + sum(tokens.count(call.arguments) for call in calls)
        ended = "tool_calls" if calls else "stop"
        usage = Usage(0, said, measured=False)
        return Answer("", Ended.OK, text, ended, usage, model="gold", tool_calls=calls)

    return answers.samples(
        rows,
        (
            {
                "seed_id": seed, "request_id": None, "teacher": GOLD, "draw": 0,
                "prompt": project.student_prompt.fill(json.loads(fields)), "answer": answer(gold),
            }
            for seed, fields, gold in rows.select("seed_id", "fields", "gold").iter_rows()
        ),
    )  # fmt: skip
