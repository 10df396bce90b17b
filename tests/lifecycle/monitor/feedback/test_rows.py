"""What feedback files say, in the shapes of those who write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from production_logs import attributes

from distill.lifecycle.logs.call import LoggedScore
from distill.lifecycle.logs.joined import Scores
from distill.lifecycle.logs.tally import LogTally
from distill.lifecycle.monitor.feedback.result import REASONS, DroppedFeedback
from distill.lifecycle.monitor.feedback.rows import FeedbackNames, FeedbackRow, feedback_rows, said_of_calls

ANY = FeedbackNames()
AT = 1_793_534_400 * 10**6


def read(folder: Path, *rows: Any, named: FeedbackNames = ANY) -> list[FeedbackRow | DroppedFeedback]:
    path = folder / "feedback.jsonl"
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return list(feedback_rows([path], named))


def evaluation(**own: Any) -> dict[str, Any]:
    """OpenTelemetry's event, as the OTLP exporter writes it."""
    record = {"eventName": "gen_ai.evaluation.result", "spanId": "5b8e", "attributes": attributes(own)}
    return {"resourceLogs": [{"resource": {"attributes": []}, "scopeLogs": [{"logRecords": [record]}]}]}


@pytest.mark.parametrize(("row", "of", "right", "corrected"), [
    ({"id": "c1", "correct": False}, "c1", False, None),
    ({"id": 7, "is_correct": "yes"}, "7", True, None),
    ({"request_id": "c1", "id": "feedback-9", "feedback": "thumbs_down"}, "c1", False, None),
    ({"id": "c1", "stars": 5, "correct": False}, "c1", False, None),
    ({"call_id": "c1", "corrected": {"mood": "glad"}}, "c1", None, {"mood": "glad"}),
    ({"call_id": "c1", "correction": '{"mood": "glad"}'}, "c1", None, {"mood": "glad"}),
    ({"id": "c1", "expected_answer": "glad"}, "c1", None, "glad"),
    # Langfuse: a score of a trace, one of an observation, a correction of an output
    ({"id": "s", "traceId": "t1", "name": "user-feedback", "value": 0, "stringValue": "False", "dataType": "BOOLEAN"}, "t1", False, None),
    ({"id": "s", "traceId": "t1", "observationId": "o1", "name": "correctness", "value": 1, "dataType": "NUMERIC"}, "o1", True, None),
    ({"id": "s", "traceId": "t1", "name": "output", "value": 0, "stringValue": '{"mood": "cross"}', "dataType": "CORRECTION"}, "t1", None,
     {"mood": "cross"}),
    ({"id": "s", "traceId": "t1", "observationId": None, "name": "output", "value": "cross", "dataType": "CORRECTION"}, "t1", None, "cross"),
    # LangSmith
    ({"id": "f", "run_id": "r1", "key": "correctness", "score": 0.0, "value": None, "correction": None}, "r1", False, None),
    ({"id": "f", "run_id": "r1", "key": "user_score", "score": None, "value": None, "correction": {"mood": "glad"}}, "r1", None, {"mood": "glad"}),
    # MLflow's assessments
    ({"trace_id": "t1", "assessment_name": "correctness", "feedback": {"value": True}}, "t1", True, None),
    ({"trace_id": "t1", "assessment_name": "mood", "expectation": {"value": {"mood": "glad"}}}, "t1", None, {"mood": "glad"}),
    (evaluation(**{"gen_ai.evaluation.name": "Correctness", "gen_ai.evaluation.score.label": "incorrect"}), "5b8e", False, None),
    (evaluation(**{"gen_ai.evaluation.name": "user_feedback", "gen_ai.evaluation.score.value": 1.0, "gen_ai.response.id": "c1"}), "c1", True, None),
])  # fmt: skip
def test_each_shape(row: Any, of: str, right: bool | None, corrected: Any, tmp_path: Path) -> None:
    (found,) = read(tmp_path, row)
    assert isinstance(found, FeedbackRow)
    assert (found.id, found.right, found.corrected) == (of, right, corrected)


def test_a_page_of_an_api_and_a_document_hold_many(tmp_path: Path) -> None:
    score = {"traceId": "t1", "name": "user-feedback", "value": 1}
    found = read(tmp_path, {"data": [score, {**score, "traceId": "t2"}], "meta": {"page": 1}})
    assert [one.id for one in found if isinstance(one, FeedbackRow)] == ["t1", "t2"]
    (tmp_path / "all.json").write_text(
        json.dumps([{"id": "a", "correct": True}, {"id": "b", "correct": False}], indent=1)
    )
    found = list(feedback_rows([tmp_path / "all.json"], ANY))
    assert [one.right for one in found if isinstance(one, FeedbackRow)] == [True, False]


def test_what_is_no_feedback_has_its_reason_and_line(tmp_path: Path) -> None:
    found = read(
        tmp_path, {"correct": True}, {"id": "c1", "rating": 3}, {"id": "c1", "toxicity": 0}, '{"id": "c1", "corr', "[1]",
        {"traceId": "t1", "name": "toxicity", "value": 0.1}, {"id": "c1", "corrected": None},
    )  # fmt: skip
    dropped = [(one.place, one.reason) for one in found if isinstance(one, DroppedFeedback)]
    assert dropped == [
        ("feedback.jsonl:1", "no_id"), ("feedback.jsonl:2", "no_verdict"), ("feedback.jsonl:3", "no_verdict"), ("feedback.jsonl:4", "torn"),
        ("feedback.jsonl:5", "no_verdict"), ("feedback.jsonl:6", "no_verdict"), ("feedback.jsonl:7", "no_verdict"),
    ]  # fmt: skip
    assert {reason for _, reason in dropped} <= set(REASONS)


def test_the_spec_may_name_the_one_score_that_counts(tmp_path: Path) -> None:
    """An evaluator's word is then as good as a user's, and nobody else's counts."""
    rows = {"id": "c1", "correct": True, "scores": {"rightness": 0}}, {"id": "c2", "correct": True}
    first, second = read(tmp_path, *rows, named=FeedbackNames(score="rightness"))
    assert isinstance(first, FeedbackRow)
    assert first.right is False
    assert isinstance(second, DroppedFeedback)


def test_the_known_answer_of_the_task_is_a_correction(tmp_path: Path) -> None:
    (found,) = read(tmp_path, {"id": "c1", "right_mood": "glad"}, named=FeedbackNames(gold="right_mood"))
    assert isinstance(found, FeedbackRow)
    assert found.corrected == "glad"


def test_when_it_was_said_is_read_where_it_can_be(tmp_path: Path) -> None:
    rows = read(
        tmp_path, *({"id": "c1", "correct": True, "created_at": at} for at in ("2026-11-01T12:00:00Z", "never", None))
    )
    assert [one.at for one in rows if isinstance(one, FeedbackRow)] == [AT, 0, 0]


def test_scores_of_a_log_count_where_they_are_a_users() -> None:
    """The others stay scores that found no call."""
    scores, tally = Scores(), LogTally(unmatched_scores=3)
    for of, name, value in (("t1", "user-feedback", 0), ("t2", "toxicity", 1), ("t3", "user-feedback", 1)):
        scores.add(LoggedScore((of,), name, value))
    scores.of("t3")
    found = list(said_of_calls([], scores, tally, ANY))
    assert [(one.id, one.right) for one in found if isinstance(one, FeedbackRow)] == [("t1", False)]
    assert tally.unmatched_scores == 2
