"""Test rows on which the teacher is likely wrong: the student contradicts it, and something else says so too.

A known answer settles it. Where there is none, a linear model that was trained apart from the student and gives the student's very answer is
a hint, no proof: both learnt from the teacher, and still found its other answers to say something else here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill.evaluate.scores import Scores, right_of
from distill.records import Json, canonical
from distill.text.normalise import strict_json
from distill.values import answer

SHOWN = 10
_KNOWN = "the known answer is the student's"
_CHECKED = "the task's check passes the student's answer, and not the teacher's"
_LINEAR = "the linear model, trained apart, gives the student's answer"


@dataclass(frozen=True, slots=True)
class TeacherError:
    """One test row with both answers; `known` is None where nobody knows."""

    seed_id: str
    input: str
    teacher: str
    student: str
    known: Json
    why: str


@dataclass(frozen=True, slots=True)
class TeacherErrors:
    """How many there are of each kind, and the first of them."""

    known: int
    """Rows that the student has right and the teacher has not: by the known answer, or by the task's check."""
    suspected: int
    """Rows without a known answer where student and linear model agree against the teacher."""
    rows: list[TeacherError]


def teacher_errors(
    scores: Scores, metric: str, calls: pl.DataFrame, tests: pl.DataFrame, fields: Sequence[str]
) -> TeacherErrors | None:
    """None where there are none; `metric` carries the verdict, `fields` are those of the task's answers."""
    texts = {(arm, seed): text for arm, seed, text in calls.select("arm", "seed_id", "text").drop_nulls().iter_rows()}
    rows = {row["seed_id"]: row for row in tests.select("seed_id", "input", "gold").iter_rows(named=True)}
    right = right_of(scores, metric)
    known, suspected = _against_known(scores, right), _against_linear(scores, right, texts)
    why = _CHECKED if right == "verify" else _KNOWN
    listed = [*((seed, why) for seed in known), *((seed, _LINEAR) for seed in suspected)]
    if not listed:
        return None
    found = [_error(rows[seed], texts, fields, why) for seed, why in listed[:SHOWN] if seed in rows]
    return TeacherErrors(len(known), len(suspected), found)


def _against_known(scores: Scores, right: str) -> list[str]:
    student, teacher = (scores.get((arm, right), {}) for arm in ("student", "teacher"))
    return [seed for seed, value in student.items() if value == 1 and teacher.get(seed, 1) < 1]


def _against_linear(scores: Scores, right: str, texts: Mapping[tuple[str, str], str]) -> list[str]:
    known = scores.get(("teacher", right), {})
    student, linear = (scores.get((arm, "agreement"), {}) for arm in ("student", "linear"))
    return [
        seed
        for seed, value in student.items()
        if seed not in known and value < 1 and linear.get(seed, 1) < 1
        and _plain(texts.get(("student", seed))) == _plain(texts.get(("linear", seed)))
    ]  # fmt: skip


def _plain(text: str | None) -> str | None:
    """An answer with its spelling as JSON left out."""
    if text is None:
        return None
    try:
        return canonical(strict_json(text))
    except ValueError:
        return " ".join(text.split()).casefold()


def _error(
    row: Mapping[str, str | None], texts: Mapping[tuple[str, str], str], fields: Sequence[str], why: str
) -> TeacherError:
    seed, gold = str(row["seed_id"]), row["gold"]
    return TeacherError(
        seed_id=seed, input=row["input"] or "", teacher=texts.get(("teacher", seed), ""), student=texts.get(("student", seed), ""),
        known=answer.of_known(json.loads(gold), fields, "text") if gold else None, why=why,
    )  # fmt: skip
