"""Grading: what a teacher got right, beside the commonest answer and a linear model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from distill.evaluate.scoring.choice import Metrics
from distill.exam.grade import KnownRow, Paper, grade
from distill.exam.marking import Marking
from distill.exam.result import Exam
from distill.exam.stop import exam_summary, stop_reason
from distill.records import Answer, Ended, Json
from distill.values.rules import Rule

SCHEMA = {
    "type": "object",
    "properties": {
        "intent": {"enum": ["bill", "ship", "other"]},
        "urgent": {"type": "boolean"},
        "note": {"type": "string"},
    },
}
WORDS = {"bill": "invoice charge card", "ship": "parcel driver street", "other": "thanks shop lovely"}


VALUES = Metrics(("schema", "json_fields", "agreement"))


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
    return grade(paper(answers), rows, others, Marking(SCHEMA, None, (), lambda _: VALUES))


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
    found = grade(paper(first, again), rows, [], Marking(SCHEMA, None, (), lambda _: VALUES))
    assert found.itself is not None
    assert (found.itself.n, found.itself.mean) == (4, (1 + 3 * 0.5) / 4), "only the first of the four is urgent"


def test_bare_labels_are_graded_as_such() -> None:
    rows = [KnownRow(f"{n}", f"text {n}", "s", {"answer": "yes" if n % 3 else "no"}) for n in range(30)]
    found = grade(paper({row.seed_id: "Yes." for row in rows}), rows, [], Marking(None, None, (), lambda _: VALUES))
    assert found.kind == "plain"
    assert found.fields == []
    assert found.teacher is not None
    assert found.commonest is not None
    assert found.teacher.mean == found.commonest.mean == pytest.approx(20 / 30)


def test_free_text_is_scored_by_likeness_and_not_held_against_one_text_for_all() -> None:
    texts = [f"We are sorry to hear about your parcel number {n * 7919}, and send another one." for n in range(24)]
    rows = [KnownRow(f"{n:02}", f"question {n}", "s", {"answer": text}) for n, text in enumerate(texts)]
    said = {row.seed_id: f"Sorry about parcel {n * 7919}, another is on its way" for n, row in enumerate(rows)}
    chosen = replace(VALUES, texts=("chrf", "rouge_l"))
    found = grade(paper(said), rows, [], Marking(None, None, (), lambda _: chosen))
    assert (found.kind, found.metric, found.likeness) == ("text", "chrf", True)
    assert found.teacher is not None
    assert 0.2 < found.teacher.mean < 0.8
    assert (found.commonest, found.linear, found.fields) == (None, None, [])
    assert "alike (chrF)" in found.mistakes[0].why
    assert stop_reason(found, None) == ""
    assert "likeness to the known answers (chrF)" in stop_reason(found, 0.9)
    assert "not meaning or truth" in exam_summary(found)[1]


def test_free_text_that_no_metric_judges_is_not_scored_and_never_zero() -> None:
    texts = [f"We are sorry to hear about your parcel number {n * 7919}, and send another one." for n in range(12)]
    rows = [KnownRow(f"{n}", f"question {n}", "s", {"answer": text}) for n, text in enumerate(texts)]
    said = {row.seed_id: f"Sorry, we do not know {row.seed_id}" for row in rows}
    found = grade(paper(said), rows, [], Marking(None, None, (), lambda _: VALUES))
    assert (found.kind, found.metric) == ("text", "")
    assert found.teacher is None
    assert "no metric of this task judges" in exam_summary(found)[0]


def test_a_number_has_the_tolerance_of_the_spec() -> None:
    rows = [KnownRow(f"{n}", f"sum {n}", "s", {"total": 100.0 + n}) for n in range(20)]
    said = {row.seed_id: {"total": 100.4 + n} for n, row in enumerate(rows)}
    near = Marking(None, {"total": Rule("number", 0.5)}, (), lambda _: VALUES)
    found = [grade(paper(said), rows, [], one) for one in (near, replace(near, given=None))]
    assert [one.teacher.mean if one.teacher else None for one in found] == [1, 0]


def test_turns_of_a_conversation_are_worth_fewer_rows() -> None:
    rows = [replace(row, cluster=f"talk {n // 6}") for n, row in enumerate(known(60))]
    said = {row.seed_id: row.gold if (n // 6) % 2 else {"intent": "?"} for n, row in enumerate(rows)}
    alone = [replace(row, cluster="") for row in rows]
    widths = []
    for asked in (rows, alone):
        found = graded(said, asked, [])
        assert found.teacher is not None
        assert found.teacher.n == 60
        widths.append(found.teacher.high - found.teacher.low)
    assert widths[0] > 1.8 * widths[1]


def test_an_answer_that_is_no_json_is_wrong_and_a_row_without_one_is_counted() -> None:
    rows = known(20)
    found = graded({row.seed_id: "I cannot say" for row in rows[:15]}, rows, [])
    assert found.teacher is not None
    assert (found.teacher.mean, found.teacher.n, found.unanswered) == (0, 15, 5)
