"""Feedback files → what people said of calls, by the id of the call; every other row with the reason why it is none.

    {"id": "chatcmpl-1", "correct": false}                      right or wrong; also thumbs, stars, words
    {"call_id": "chatcmpl-1", "corrected": {"mood": "glad"}}    the answer that would have been right
    {"traceId": …, "name": "user-feedback", "value": 0}          a score of Langfuse's, or a correction (dataType CORRECTION)
    {"run_id": …, "key": "correctness", "score": 1}              LangSmith's feedback, with `correction`
    gen_ai.evaluation.result                                     OpenTelemetry's event

Files are of any form that logs may have. They are read whole at each look: what was said before changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from distill.lifecycle.logs import feedback
from distill.lifecycle.logs.call import LoggedScore
from distill.lifecycle.logs.files import log_files
from distill.lifecycle.logs.joined import Scores
from distill.lifecycle.logs.objects import BLANK, Torn, objects
from distill.lifecycle.logs.shapes import otel
from distill.lifecycle.logs.shapes.lookup import first, mapping, scores_of, spelt, value_of
from distill.lifecycle.logs.tally import LogTally
from distill.lifecycle.monitor.feedback.result import DroppedFeedback
from distill.records import Json
from distill.text.times import TIMES, micros

_IDS = (
    "call_id", "callId", "request_id", "requestId", "response_id", "completion_id", "generation_id", "gen_ai.response.id", "observationId",
    "observation_id", "span_id", "spanId", "run_id", "trace_id", "traceId", "custom_id", "id",
)  # fmt: skip
"""What the id of a call is called, the most particular first; `id` may be the feedback's own."""
_CORRECTED = (
    "corrected", "correction", "corrected_answer", "corrected_output", "correct_answer", "correct_output", "expected", "expected_answer",
    "expected_output", "expectation", "gold", "ground_truth",
)  # fmt: skip
_RIGHT = ("correct", "is_correct", "right", "correctness", "accurate", "verdict")
_OF_RIGHT = ("correct", "accura")
"""Parts of the names of scores that say whether an answer is right."""
_NAMES = ("name", "key", "score_name", "assessment_name")
_MOST = 20_000
"""Characters of a corrected answer that are read."""


class FeedbackRow(NamedTuple):
    """What was said of one call: whether its answer is right, or what would have been. `at` is when, 0 where nobody says so."""

    place: str
    id: str
    at: int
    right: bool | None
    corrected: Json = None


@dataclass(frozen=True, slots=True)
class FeedbackNames:
    """`score` is the one score that counts, None for each that speaks of feedback or correctness; `gold` the task's column of known answers."""

    score: str | None = None
    gold: str | None = None


def feedback_rows(paths: Sequence[Path], named: FeedbackNames) -> Iterator[FeedbackRow | DroppedFeedback]:
    """Every row of the files, in their order."""
    for path in log_files(paths) if paths else ():
        for line, value in objects(path):
            if value is BLANK:
                continue
            place = f"{path.name}:{line}"
            if isinstance(value, Torn):
                yield DroppedFeedback(place, value.reason, value.detail)
                continue
            yield from _rows(place, value, named)


def said_of_calls(
    paths: Sequence[Path], scores: Scores, tally: LogTally, named: FeedbackNames
) -> Iterator[FeedbackRow | DroppedFeedback]:
    """What people said in files of their own, and in `scores` of the logs whose call was not among them: read at an earlier look, perhaps."""
    yield from feedback_rows(paths, named)
    for of, given in scores.left():
        right = _verdict(given, named)
        if right is not None:
            tally.unmatched_scores -= len(given)
            yield FeedbackRow("the logs", of, 0, right)


def _rows(place: str, value: Json, named: FeedbackNames) -> Iterator[FeedbackRow | DroppedFeedback]:
    if not isinstance(value, dict):
        yield DroppedFeedback(place, "no_verdict", "no JSON object")
    elif isinstance(value.get("data"), list) and "meta" in value:  # a page of an API's
        for one in value["data"]:
            yield from _rows(place, one, named)
    elif otel.is_otel(value):
        for found in otel.read(value):
            if isinstance(found, LoggedScore):
                yield _row(place, found.of[0] if found.of else None, {found.name: found.value}, None, 0, named)
            else:
                yield DroppedFeedback(place, "no_verdict", "no result of an evaluation")
    else:
        score = {str(first(value, *_NAMES)): _value(value)} if first(value, *_NAMES) is not None else {}
        own = {name: value[name] for name in _RIGHT if value.get(name) is not None}
        scores = {**own, **scores_of(value, mapping(value.get("metadata"))), **score}
        yield _row(place, first(value, *_IDS), scores, _corrected(value, named), _time(value), named)


def _row(
    place: str, of: Json, scores: Mapping[str, Json], corrected: Json, at: int, named: FeedbackNames
) -> FeedbackRow | DroppedFeedback:
    if not isinstance(of, str | int) or isinstance(of, bool):
        return DroppedFeedback(place, "no_id", f"none of {', '.join(_IDS[:3])} … {_IDS[-1]}")
    right = _verdict(scores, named)
    if right is None and corrected is None:
        seen = ", ".join(f"{name[:40]} {str(value)[:20]!r}" for name, value in scores.items())
        return DroppedFeedback(place, "no_verdict", seen or "no score and no correction")
    return FeedbackRow(place, str(of), at, right, corrected)


def _verdict(scores: Mapping[str, Json], named: FeedbackNames) -> bool | None:
    """Right or wrong by every score that says so, the worst of them."""

    def says(name: str) -> bool:
        if named.score is not None:
            return name == named.score
        return feedback.is_feedback(name) or name in _RIGHT or any(part in name.lower() for part in _OF_RIGHT)

    known = [
        found for name, value in scores.items() if says(name) and (found := feedback.good(name, value)) is not None
    ]
    return all(known) if known else None


def _value(row: Mapping[str, Json]) -> Json:
    """The value of a score that has a name of its own."""
    found = first(row, "score", "feedback") if "score" in row or isinstance(row.get("feedback"), dict) else None
    found = found.get("value") if isinstance(found, dict) else found
    return value_of(row) if found is None else found


def _corrected(row: Mapping[str, Json], named: FeedbackNames) -> Json:
    """The corrected answer; JSON in a text as what it says."""
    if str(first(row, "dataType", "data_type") or "").upper() == "CORRECTION":
        found = value_of(row)
    else:
        found = first(row, *_CORRECTED, *([named.gold] if named.gold else []))
    if isinstance(found, dict) and set(found) == {"value"}:
        found = found["value"]
    if not isinstance(found, str):
        return found
    return None if len(found) > _MOST else spelt(found) if found[:1] in ("{", "[") else found


def _time(row: Mapping[str, Json]) -> int:
    try:
        return micros(first(row, "updatedAt", "modified_at", "updated_at", *TIMES)) or 0
    except (ValueError, OverflowError):
        return 0
