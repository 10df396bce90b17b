"""Logs of production as the tools that write them do: lines as OpenTelemetry's exporter (1.45), Langfuse's SDK (5.0), its API and its storage
export, and OpenAI-style loggers write them. Taken from files that these wrote, with other texts in them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from distill.chat.templates import parse
from distill.lifecycle.logs.log_reader import read_logs
from distill.lifecycle.logs.prompt_pattern import pattern_of
from distill.lifecycle.logs.tally import LogTally
from distill.lifecycle.logs.task_shape import TaskShape

SYSTEM, ANSWER, START = "Mood?", '{"mood": "glad"}', 1_793_534_400
"""The student's system prompt, an answer, and 2026-11-01T12:00:00Z."""
Row = dict[str, Any]


def shape(student: str = "Mood?\n[user]\n{{message}}\n", *names: str, columns: tuple[str, ...] = ()) -> TaskShape:
    """The shape of the task in tests/conftest.py, or of another student's prompt."""
    teacher = parse("Say the mood as JSON.\n[user]\n{{message}}\n", "teacher.md")
    return TaskShape(names or ("message",), (pattern_of(parse(student, "student.md")), pattern_of(teacher)), columns)


def turns(message: str, system: str | None = SYSTEM) -> list[Row]:
    user = {"role": "user", "content": message}
    return [{"role": "system", "content": system}, user] if system is not None else [user]


def openai(message: str, answer: str = ANSWER, *, system: str | None = SYSTEM, at: int = START, **more: Any) -> Row:
    """A request and its response on one line."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": answer},
        "finish_reason": "stop",
        "logprobs": None,
    }
    usage = {"prompt_tokens": 30, "completion_tokens": 6, "total_tokens": 36}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": at,
        "model": "mood-1",
        "choices": [choice],
        "usage": usage,
    }
    return {
        "request": {"model": "mood-1", "messages": turns(message, system)},
        "response": body,
        "latency_ms": 321,
        **more,
    }


def any_value(value: Any) -> Row:
    """A value as OTLP spells it in JSON."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(one) for one in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": attributes(value)}}
    return {"stringValue": value}


def attributes(values: Mapping[str, Any]) -> list[Row]:
    return [{"key": name, "value": any_value(value)} for name, value in values.items()]


def message_parts(role: str, text: str, **more: Any) -> Row:
    return {"role": role, "parts": [{"type": "text", "content": text}], **more}


def genai(message: str, answer: str = ANSWER, *, structured: bool = False) -> Row:
    """The attributes of an inference span."""
    asked = [message_parts("system", SYSTEM), message_parts("user", message)]
    said = [message_parts("assistant", answer, finish_reason="stop")]
    spelt = (lambda value: value) if structured else json.dumps
    return {
        "gen_ai.operation.name": "chat", "gen_ai.request.model": "mood-1", "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 30, "gen_ai.usage.output_tokens": 6, "gen_ai.input.messages": spelt(asked),
        "gen_ai.output.messages": spelt(said),
    }  # fmt: skip


def span(
    values: Mapping[str, Any], *, at: int = START, events: list[Row] | None = None, name: str = "chat mood-1"
) -> Row:
    times = {"startTimeUnixNano": str(at * 10**9), "endTimeUnixNano": str(at * 10**9 + 5 * 10**8)}
    more = {"events": events} if events else {}
    return {"traceId": "06a5b40e2c50b21997928429229ba0df", "spanId": "b9b7bf06ab73788e", "name": name, "kind": 3, **times,
            "attributes": attributes(values), **more, "status": {}}  # fmt: skip


def otlp(*spans: Row) -> Row:
    """A line of the OTLP file exporter."""
    resource = {"attributes": attributes({"service.name": "mail"})}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "x"}, "spans": list(spans)}]}]}


def console_span(values: Mapping[str, Any]) -> Row:
    """A span of the SDK's console exporter, which writes each over several lines."""
    context = {"trace_id": "0x06a5b40e2c50b21997928429229ba0df", "span_id": "0xb9b7bf06ab73788e", "trace_state": "[]"}
    times = {"start_time": "2026-11-01T12:00:00.000000Z", "end_time": "2026-11-01T12:00:00.500000Z"}
    return {
        "name": "chat mood-1",
        "context": context,
        "kind": "SpanKind.CLIENT",
        "parent_id": None,
        **times,
        "attributes": dict(values),
    }


def observation(message: str, answer: str = ANSWER, **more: Any) -> Row:
    """A generation of Langfuse's API."""
    return {
        "id": "obs-1", "traceId": "trace-1", "type": "GENERATION", "name": "sort", "startTime": "2026-11-01T12:00:00.000Z",
        "endTime": "2026-11-01T12:00:00.500Z", "model": "mood-1", "input": turns(message), "output": answer, "metadata": {},
        "usageDetails": {"input": 30, "output": 6, "total": 36}, "level": "DEFAULT", **more,
    }  # fmt: skip


def exported_observation(message: str, answer: str = ANSWER, **more: Any) -> Row:
    """The same in Langfuse's storage export: other names, and JSON in texts."""
    return {
        "id": "obs-1", "trace_id": "trace-1", "project_id": "p", "type": "GENERATION", "start_time": "2026-11-01 12:00:00.000000",
        "end_time": "2026-11-01 12:00:00.500000", "provided_model_name": "mood-1", "input": json.dumps(turns(message)), "output": answer,
        "metadata": {}, "usage_details": {"input": 30, "output": 6}, "level": "DEFAULT", "tool_calls": [], **more,
    }  # fmt: skip


def write(path: Path, *rows: Row | str) -> Path:
    """A file of lines; a text stands there as it is."""
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def read(*paths: Path, task: TaskShape | None = None, **how: Any) -> tuple[list[Row], LogTally]:
    """(the logged calls, the tally) of some files; every item is accounted for."""
    tally = how.pop("tally", None) or LogTally()
    rows = [row for batch in read_logs(paths, task or shape(), tally=tally, **how) for row in batch.to_dicts()]
    assert tally.whole
    assert tally.calls == len(rows)
    return rows, tally
