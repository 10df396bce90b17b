"""The JSON of batches: the batch, a fault of its input file, and the lines of its output and error files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distill.records import Json

TIMES = (
    "in_progress_at", "expires_at", "finalizing_at", "completed_at", "failed_at", "expired_at", "cancelling_at", "cancelled_at",
)  # fmt: skip
"""Moments that a batch tells, null until they have come."""
ENDED = frozenset({"failed", "completed", "expired", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchObject:
    """A batch; `counts` are requests in all, completed and failed, `tokens` those read and written so far."""

    identity: str
    endpoint: str
    model: str | None
    input_file_id: str
    window: str
    status: str
    created_at: float
    times: Mapping[str, float]
    counts: tuple[int, int, int]
    tokens: tuple[int, int]
    errors: Sequence[Mapping[str, Json]] = ()
    output_file_id: str | None = None
    error_file_id: str | None = None
    metadata: Mapping[str, str] | None = None

    def as_json(self) -> dict[str, Json]:
        """As the API tells it."""
        read, written = self.tokens
        return {
            "id": self.identity, "object": "batch", "endpoint": self.endpoint, "model": self.model,
            "errors": {"object": "list", "data": list(self.errors)} if self.errors else None,
            "input_file_id": self.input_file_id, "completion_window": self.window, "status": self.status,
            "output_file_id": self.output_file_id, "error_file_id": self.error_file_id, "created_at": int(self.created_at),
            **{name: int(self.times[name]) if name in self.times else None for name in TIMES},
            "request_counts": dict(zip(("total", "completed", "failed"), self.counts, strict=True)),
            "usage": {
                "input_tokens": read, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": written,
                "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": read + written,
            },
            "metadata": dict(self.metadata) if self.metadata is not None else None,
        }  # fmt: skip


def fault(*, code: str, message: str, line: int | None = None, param: str | None = None) -> dict[str, Json]:
    """An entry of `errors.data`; lines count from 1."""
    return {"code": code, "line": line, "message": message, "param": param}


def answered_line(*, identity: str, custom_id: str, status: int, request_id: str, body: Json) -> dict[str, Json]:
    """A line of the output file, or of the error file where the status is none of success."""
    response = {"status_code": status, "request_id": request_id, "body": body}
    return {"id": identity, "custom_id": custom_id, "response": response, "error": None}


def unanswered_line(*, identity: str, custom_id: str, code: str, message: str) -> dict[str, Json]:
    """A line of the error file for a request that was never answered, such as one of a batch that expired."""
    return {"id": identity, "custom_id": custom_id, "response": None, "error": {"code": code, "message": message}}
