"""One logged call as the readers of the shapes give it, before it is held against the task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from distill.records import Json

Asked = str | Sequence[Mapping[str, Json]] | Mapping[str, Json]
"""A text, the turns of a conversation, or the task's fields by their names."""


class LoggedCall(NamedTuple):
    """What was asked and answered. `beside` are the mappings of the log in which further columns may stand."""

    shape: str
    asked: Asked
    answer: str
    beside: Sequence[Mapping[str, Json]] = ()
    tool_calls: str = ""
    refusal: str = ""
    finish_reason: str | None = None
    model: str | None = None
    time: Json = None
    id: str | None = None
    trace: str | None = None
    span: str | None = None
    scores: Mapping[str, Json] = {}
    logprobs: Json = None
    latency_s: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class LoggedScore(NamedTuple):
    """A score that a log keeps apart from its call; `of` are the ids of the call and of its trace."""

    of: tuple[str, ...]
    name: str
    value: Json


class BatchInput(NamedTuple):
    """A request of a batch job's input file, whose answer stands in another file."""

    custom_id: str
    body: Mapping[str, Json]


Logged = LoggedCall | LoggedScore | BatchInput


class NoCall(ValueError):
    """An item of a log that is no call of the task's; `reason` is a word of `tally.REASONS`."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class LogColumns:
    """What columns are called where a log has names of its own; a dot goes into an object, as in `metadata.gdpr.private`."""

    private: str = "private"
    """Marks a row of which nothing may be kept."""
    time: str | None = None
    feedback: str | None = None
    answer: str | None = None
