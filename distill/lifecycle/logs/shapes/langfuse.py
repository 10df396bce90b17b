"""Langfuse's exports: observations and traces of its API (camelCase) or of its storage export (snake_case), and scores.

    {"type": "GENERATION", "traceId": …, "startTime": …, "input": …, "output": …, "metadata": {…}, "usageDetails": {…}}
    {"id": …, "timestamp": …, "input": …, "output": …, "scores": […], "observations": […]}          a trace
    {"traceId": …, "observationId": …, "name": "user-feedback", "value": 0, "dataType": "BOOLEAN"}      a score

Of observations only generations are calls. A trace is one where it holds no generation itself. Input and output are a text, JSON
in a text, or JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from distill.lifecycle.logs.call import LoggedCall, LoggedScore, NoCall
from distill.lifecycle.logs.shapes import lookup
from distill.lifecycle.logs.shapes.lookup import first
from distill.records import Json
from distill.text.times import micros

_OF_A_TRACE = (
    "htmlPath", "observations", "scores", "sessionId", "session_id", "userId", "user_id", "projectId", "project_id", "bookmarked", "release",
)  # fmt: skip


def is_langfuse(row: Mapping[str, Json]) -> bool:
    """Whether a line is an observation, a trace or a score."""
    return is_score(row) or _is_observation(row) or _is_trace(row)


def is_score(row: Mapping[str, Json]) -> bool:
    """Whether a line is a score, which belongs to a call on another line."""
    where = ("traceId", "trace_id", "observationId", "observation_id")
    return "name" in row and "value" in row and any(name in row for name in where) and "input" not in row


def _is_observation(row: Mapping[str, Json]) -> bool:
    return (
        isinstance(row.get("type"), str)
        and ("traceId" in row or "trace_id" in row)
        and ("startTime" in row or "start_time" in row)
    )


def _is_trace(row: Mapping[str, Json]) -> bool:
    return (
        "id" in row
        and "timestamp" in row
        and "input" in row
        and "output" in row
        and any(name in row for name in _OF_A_TRACE)
    )


def read(row: Mapping[str, Json]) -> Iterator[LoggedCall | LoggedScore | NoCall]:
    """The calls of a line, each or why it is none."""
    if is_score(row):
        ids = (first(row, "observationId", "observation_id"), first(row, "traceId", "trace_id"))
        yield LoggedScore(tuple(str(one) for one in ids if one)[:1], str(row["name"]), lookup.value_of(row))
        return
    inner = row.get("observations")
    inside = (
        [one for one in inner if isinstance(one, dict) and one.get("type") == "GENERATION"]
        if isinstance(inner, list)
        else []
    )
    for one in inside:
        yield _tried(
            {"scores": row.get("scores"), "traceId": row.get("id"), **one}, lookup.mapping(row.get("metadata"))
        )
    if not inside:
        yield _tried(row, {})


def _tried(row: Mapping[str, Json], around: Mapping[str, Json]) -> LoggedCall | NoCall:
    kind = row.get("type")
    if isinstance(kind, str) and kind.upper() != "GENERATION":
        return NoCall("not_a_call", f"an observation of the type {kind[:40]}")
    if str(row.get("level")) == "ERROR" and not row.get("output"):
        return NoCall("failed_call", f"it ended with {str(first(row, 'statusMessage', 'status_message'))[:120]}")
    try:
        return _call(row, around)
    except NoCall as none:
        return none


def _call(row: Mapping[str, Json], around: Mapping[str, Json]) -> LoggedCall:
    asked, message = lookup.asked_of(row.get("input")), lookup.answer_of(row.get("output"))
    metadata = lookup.mapping(row.get("metadata"))
    usage = lookup.mapping(first(row, "usageDetails", "usage_details", "usage"))
    end = first(message, "finish_reason", "stop_reason") or first(metadata, "finish_reason") or row.get("finish_reason")
    return LoggedCall(
        "langfuse", asked, lookup.text_of(message), (row, metadata, around), tool_calls=_calls(message, row),
        refusal=lookup.word(message.get("refusal")) or "", finish_reason=lookup.word(end),
        model=lookup.word(first(row, "model", "providedModelName", "provided_model_name")),
        time=first(row, "startTime", "start_time", "timestamp"), id=lookup.word(row.get("id")),
        trace=lookup.word(first(row, "traceId", "trace_id")), scores=lookup.scores_of(around, metadata, row),
        logprobs=metadata.get("logprobs"), latency_s=_latency(row),
        prompt_tokens=lookup.number(first(usage, "input", "prompt_tokens", "promptTokens", "input_tokens")),
        completion_tokens=lookup.number(first(usage, "output", "completion_tokens", "completionTokens", "output_tokens")),
    )  # fmt: skip


def _calls(message: Mapping[str, Json], row: Mapping[str, Json]) -> str:
    """The tools that an answer calls, as its message says; the export's own column of them is a text each."""
    own = lookup.calls_of(message)
    beside = first(row, "toolCalls", "tool_calls")
    if own or not isinstance(beside, list):
        return own
    return lookup.calls_of({"tool_calls": [lookup.mapping(one) for one in beside]})


def _latency(row: Mapping[str, Json]) -> float | None:
    """From the start to the end: older exports give `latency` in milliseconds and newer ones in seconds."""
    try:
        start, end = micros(first(row, "startTime", "start_time")), micros(first(row, "endTime", "end_time"))
    except (ValueError, OverflowError):
        return None
    return (end - start) / 1e6 if start is not None and end is not None and end >= start else None
