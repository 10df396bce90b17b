"""Plain rows: the task's own fields and an answer, {"message": …, "answer": …}, as an application may log them itself.

The fields may also stand in an object: {"input": {"message": …}, "output": …}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from distill.lifecycle.logs.call import LogColumns, LoggedCall
from distill.lifecycle.logs.shapes import lookup
from distill.lifecycle.logs.shapes.openai import latency
from distill.records import Json
from distill.text.times import TIMES

_ANSWERS = ("answer", "output", "response", "completion", "prediction", "reply", "result")
"""What an answer is called."""
_HOLDERS = ("fields", "input", "inputs", "variables")


def fields_of(row: Mapping[str, Json], variables: Sequence[str]) -> Mapping[str, Json] | None:
    """The task's fields, where a row has them all; a conversation under such a name is no field."""
    if not variables:
        return None
    for holder in (row, *(row[name] for name in _HOLDERS if isinstance(row.get(name), dict))):
        if all(name in holder for name in variables):
            return {name: holder[name] for name in variables}
    return None


def answer_name(row: Mapping[str, Json], columns: LogColumns, variables: Sequence[str]) -> str | None:
    """The column of the answer."""
    names = (columns.answer,) if columns.answer else _ANSWERS
    return next((name for name in names if name not in variables and row.get(name) is not None), None)


def read(row: Mapping[str, Json], fields: Mapping[str, Json], answer: str) -> LoggedCall:
    """The call of a row."""
    message, metadata = lookup.answer_of(row[answer]), lookup.mapping(row.get("metadata"))
    usage = lookup.mapping(row.get("usage")) or row
    return LoggedCall(
        "fields", fields, lookup.text_of(message), (row, metadata), tool_calls=lookup.calls_of(message),
        refusal=lookup.word(message.get("refusal")) or "",
        finish_reason=lookup.word(lookup.first(row, "finish_reason", "stop_reason") or message.get("finish_reason")),
        model=lookup.word(row.get("model")), time=lookup.first(row, *(name for name in TIMES if name not in fields)),
        id=lookup.word(lookup.first(row, "request_id", "id")), trace=lookup.word(lookup.first(row, "trace_id", "traceId")),
        scores=lookup.scores_of(row, metadata), logprobs=row.get("logprobs"), latency_s=latency(row),
        prompt_tokens=lookup.number(lookup.first(usage, "prompt_tokens", "input_tokens")),
        completion_tokens=lookup.number(lookup.first(usage, "completion_tokens", "output_tokens")),
    )  # fmt: skip
