"""Grading: what a teacher got right, beside the commonest answer and a linear model."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from distill.exam.grade import KnownRow, Marking, Paper, grade
from distill.exam.result import Exam
from distill.records import Answer, Ended, Json

SCHEMA = {
    "type": "object",
    "properties": {
        "intent": {"enum": ["bill", "ship", "other"]},
        "urgent": {"type": "boolean"},
        "note": {"type": "string"},
    },
}
WORDS = {"bill": "invoice charge card", "ship": "parcel driver street", "other": "thanks shop lovely"}


def known(count: int, first: int = 0) -> list[KnownRow]:
    """Two of three rows are about bills, every fourth is urgent."""
    rows = []
    for n in range(first, first + count):
        intent = ("bill", "ship", "bill", "bill", "other", "bill")[n % 6]
        text = f"{WORDS[intent]} {'NOW at once' if n % 4 == 0 else 'some day'} {n * 7919}"
        rows.append(KnownRow(f"{n:04}", text, intent, {"intent": intent, "urgent": n % 4 == 0}))
    return rows


def paper(answers: Mapping[str, Json], again: Mapping[str, Json] | None = None) -> Paper:
    def handed(values: Mapping[str, Json]) -> dict[str, Answer]:
        return {
            seed: Answer(
                seed, Ended.OK, text=value if isinstance(value, str) else json.dumps(value), usd=0.002, latency_s=0.5
            )
            for seed, value in values.items()
        }

    return Paper("m", "teacher.md", handed(answers), handed(again or {}), len(answers), 0.1, priced=True)


def graded(answers: Mapping[str, Json], rows: list[KnownRow], others: list[KnownRow], **more: object) -> Exam:
    return grade(paper(answers), rows, others, Marking(SCHEMA, None, ()))


def test_a_perfect_teacher_beats_the_commonest_answer_and_has_no_mistakes() -> None:
    rows = known(30)
    found = graded({row.seed_id: row.gold for row in rows}, rows, known(60, 30))
    assert found.teacher is not None
    assert found.teacher.mean == 1
    assert found.commonest is not None
    assert found.commonest.mean == pytest.approx((20 / 30 + 22 / 30) / 2, abs=0.01)
    assert found.over_commonest is not None
    assert found.over_commonest.low > 0
    assert found.mistakes == []
    assert (found.rows, found.known, found.linear_rows) == (30, 90, 60)
    assert (found.usd_per_1000, found.seconds_p50) == (pytest.approx(2), 0.5)


def test_fields_strata_and_mistakes_say_where_it_is_wrong() -> None:
    """It never sees that something is urgent, and takes parcels for something else."""
    rows = known(30)
    said = {
        row.seed_id: {"intent": "other" if row.gold["intent"] == "ship" else row.gold["intent"], "urgent": False}
        for row in rows
    }
    found = graded(said, rows, known(60, 30))
    by_field = {one.field: one.teacher.mean for one in found.fields}
    assert by_field == {"intent": pytest.approx(25 / 30), "urgent": pytest.approx(22 / 30)}
    assert found.strata[0].stratum == "ship"
    assert len(found.mistakes) == 5
    worst = found.mistakes[0]
    assert json.loads(worst.known) != json.loads(worst.said)
    assert "intent" in worst.why or "urgent" in worst.why


def test_the_linear_model_learns_from_the_other_rows_and_is_none_where_they_are_few() -> None:
    rows = known(30)
    answers = {row.seed_id: row.gold for row in rows}
    found = graded(answers, rows, known(120, 30))
    assert found.linear is not None
    assert found.linear.mean > 0.9
    assert graded(answers, rows, known(19, 30)).linear is None
    assert graded(answers, rows, []).linear is None


def test_the_commonest_answer_is_that_of_all_known_rows_also_where_classes_are_even() -> None:
    """Were a row left out of its own count, three even classes would give 0 and not a third."""
    labels = ["bill", "ship", "other"] * 5
    rows = [KnownRow(f"{n:02}", f"text {n}", "s", {"intent": label}) for n, label in enumerate(labels)]
    found = graded({}, rows, [])
    assert found.commonest is not None
    assert found.commonest.mean == pytest.approx(1 / 3)
    assert found.teacher is None
    assert found.unanswered == 15


def test_agreement_with_itself_is_of_the_rows_asked_twice() -> None:
    rows = known(10)
    first = {row.seed_id: row.gold for row in rows}
    again = {row.seed_id: {**row.gold, "urgent": True} for row in rows[:4]}
    found = grade(paper(first, again), rows, [], Marking(SCHEMA, None, ()))
    assert found.itself is not None
    assert (found.itself.n, found.itself.mean) == (4, (1 + 3 * 0.5) / 4), "only the first of the four is urgent"


def test_bare_labels_are_graded_as_such() -> None:
    rows = [KnownRow(f"{n}", f"text {n}", "s", {"answer": "yes" if n % 3 else "no"}) for n in range(30)]
    found = grade(paper({row.seed_id: "Yes." for row in rows}), rows, [], Marking(None, None, ()))
    assert found.kind == "plain"
    assert found.fields == []
    assert found.teacher is not None
    assert found.commonest is not None
    assert found.teacher.mean == found.commonest.mean == pytest.approx(20 / 30)


def test_free_text_is_not_scored_and_never_zero() -> None:
    texts = [f"We are sorry to hear about your parcel number {n * 7919}, and send another one." for n in range(12)]
    rows = [KnownRow(f"{n}", f"question {n}", "s", {"answer": text}) for n, text in enumerate(texts)]
    found = grade(
        paper({row.seed_id: f"Sorry, we do not know {row.seed_id}" for row in rows}), rows, [], Marking(None, None, ())
    )
    assert found.kind == "text"
    assert found.teacher is None


def test_an_answer_that_is_no_json_is_wrong_and_a_row_without_one_is_counted() -> None:
    rows = known(20)
    found = graded({row.seed_id: "I cannot say" for row in rows[:15]}, rows, [])
    assert found.teacher is not None
    assert (found.teacher.mean, found.teacher.n, found.unanswered) == (0, 15, 5)
