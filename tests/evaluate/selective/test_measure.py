"""Calibration and test rows made into what the student may answer alone."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from distill.evaluate.arms import Answers
from distill.evaluate.selective.calibration import AskedRows
from distill.evaluate.selective.cascade import Selective
from distill.evaluate.selective.measure import measured
from distill.evaluate.selective.nearness import training_texts
from distill.pipeline.open_task import open_task
from distill.records import Answer, Ended, Usage
from distill.task.task import Task

TEXTS = [f"the parcel {n * 7919} did not come {n * 104729 % 9973}" for n in range(100)]
NEAR = replace(training_texts(TEXTS), floor=0.2)


def rows(count: int, *, known: bool = True, inputs: Sequence[str] = TEXTS) -> pl.DataFrame:
    gold = json.dumps({"mood": "glad"}) if known else None
    return pl.DataFrame(
        [(f"s{n:03}", inputs[n % len(inputs)], gold, json.dumps({"kind": "ab"[n % 2]})) for n in range(count)],
        schema={"seed_id": pl.String, "input": pl.String, "gold": pl.String, "labels": pl.String}, orient="row",
    )  # fmt: skip


def said(text: str, share: float | None, seconds: float = 0.1) -> Answer:
    logprobs = None if share is None else [{"token": text, "logprob": math.log(share)}]
    return Answer("", Ended.OK, text, "stop", Usage(1, 1), latency_s=seconds, logprobs=logprobs)


def answers(count: int, wrong_from: int, mark: Sequence[float | None]) -> Answers:
    """Row n is surer than row n + 1; from `wrong_from` on they are wrong."""
    moods = ["glad" if n < wrong_from else "cross" for n in range(count)]
    return [(f"s{n:03}", said(json.dumps({"mood": mood}), mark[n % len(mark)])) for n, mood in enumerate(moods)]


SURE = [0.99 - n / 200 for n in range(100)]


def found_of(task: Task, calibration: AskedRows, tests: AskedRows) -> Selective:
    return measured(task, calibration, tests, None, NEAR, {"student": 0.1, "teacher": 1.0}).selective


@pytest.fixture
def opened(task: Path) -> Task:
    return open_task(task, overrides=["evaluate.calibration.rows=5"], env={})


def test_token_probabilities_of_the_compared_field_set_the_threshold(opened: Task) -> None:
    asked = AskedRows(rows(100), {"student": answers(100, 80, SURE)})
    teacher = [(f"s{n:03}", said('{"mood": "glad"}', None, 2.0)) for n in range(100)]
    tests = AskedRows(rows(100), {"student": answers(100, 80, SURE), "teacher": teacher})
    found = found_of(opened, asked, tests)
    assert (found.signal, found.against, found.fields) == ("token probabilities", "known answers", ["mood"])
    assert found.threshold is not None
    assert found.coverage is not None
    assert 59 <= found.threshold.kept <= 80
    assert found.coverage.mean == pytest.approx(found.threshold.coverage)
    assert found.price is not None
    assert found.price.usd_per_1000 == pytest.approx(0.1 + 1.0 - found.coverage.mean)
    assert [one.label for one in found.by_stratum] == ["kind", "kind"]


def test_an_answer_that_breaks_the_schema_or_lies_far_goes_to_the_teacher(opened: Task) -> None:
    asked = AskedRows(rows(100), {"student": answers(100, 100, SURE)})
    broken = [
        ("s000", said('{"mood": "sorry"}', 1.0)),
        ("s001", said("glad", 1.0)),
        ("s002", said('{"mood": "glad"}', 1.0)),
    ]
    tests = rows(3, inputs=[TEXTS[0], TEXTS[1], "квантовая хромодинамика"])
    found = found_of(opened, asked, AskedRows(tests, {"student": broken}))
    assert found.coverage is not None
    assert (found.coverage.mean, found.far) == (0.0, 1)


def test_a_row_without_an_answer_is_a_row_that_is_not_kept(opened: Task) -> None:
    student = [*answers(90, 90, SURE), *((f"s{n:03}", None) for n in range(90, 100))]
    found = found_of(opened, AskedRows(rows(100), {"student": student}), AskedRows(rows(0), {"student": []}))
    assert found.threshold is not None
    assert found.threshold.rows == 100
    assert 85 <= found.threshold.kept <= 90


def test_where_nothing_can_be_counted_the_reason_is_given(opened: Task, task: Path) -> None:
    asked = AskedRows(rows(100), {"student": answers(100, 80, [None])})
    assert "no token probabilities" in found_of(opened, asked, asked).note
    assert found_of(opened, AskedRows(rows(0)), asked).note == "no row was left to set apart for calibration"
    unknown = AskedRows(rows(100, known=False), {"student": answers(100, 80, SURE)})
    assert "the teacher is not among evaluate.arms" in found_of(opened, unknown, unknown).note
    schema = open_task(task, overrides=["evaluate.calibration.rows=5", "evaluate.metrics=[schema]"], env={})
    assert "not among evaluate.metrics" in found_of(schema, asked, asked).note


def test_free_text_is_answered_by_the_teacher(task: Path) -> None:
    opened = open_task(
        task,
        overrides=["evaluate.calibration.rows=5", "teacher.output=null", "seeds.gold=null", "dataset.accept=null"],
        env={},
    )
    texts = [
        f"Dear customer, your parcel {n} is on its way and will be with you within {n % 7} days." for n in range(100)
    ]
    table = rows(100, known=False)
    both = {name: [(f"s{n:03}", said(text, 0.9)) for n, text in enumerate(texts)] for name in ("student", "teacher")}
    found = found_of(opened, AskedRows(table, both), AskedRows(table, both))
    assert found.note.startswith("its answers are free text")


def test_draws_that_agree_are_the_confidence(opened: Task) -> None:
    table, student = rows(100), answers(100, 80, [None])
    draws = [
        [(f"s{n:03}", said('{"mood": "glad"}' if n % 5 >= draw or n >= 80 else "?", None)) for n in range(100)]
        for draw in range(3)
    ]
    asked = AskedRows(table, {"student": student}, draws)
    found = found_of(opened, asked, asked)
    assert found.signal == "agreement of draws"
    assert found.price is not None
    assert {round(point.confidence, 2) for point in found.curve} <= {1.0, 0.67, 0.33}
