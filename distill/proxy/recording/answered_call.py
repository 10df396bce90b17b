"""What is known of a call when its whole answer is there, and why a call is no row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from distill.records import Json

By = Literal["teacher", "student"]
REASONS: Mapping[str, str] = {
    "private": "marked private",
    "cannot_mask": "something private is left after masking",
    "failed_call": "the upstream's answer is no completion",
    "too_long": "request or answer longer than is kept",
    "packed": "the upstream packed its answer although it was asked not to",
    "no_json": "the request is no JSON object with messages",
    "broken_off": "the answer broke off",
}
"""Why an answered call is not written."""


@dataclass(frozen=True, slots=True)
class AnsweredCall:
    """A chat completion and its answer as they went over the line; `began` is in seconds since 1970."""

    began: float
    seconds: float
    request: bytes
    answer: bytes
    streamed: bool = False
    by: By = "teacher"
    beside: Mapping[str, Json] = field(default_factory=dict)
    """Further columns of the row."""


class NotRecorded(ValueError):
    """A call that is no row; `reason` is a word of `REASONS`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        super().__init__(detail or REASONS[reason])
