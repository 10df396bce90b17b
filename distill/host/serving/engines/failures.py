"""What an engine fails with, as a refusal: the process goes on, and the client reads why."""

from __future__ import annotations

from distill.errors import DistillError
from distill.protocol.error import ApiError


def failed(fault: Exception, doing: str) -> ApiError:
    """503 with the reason; a refusal stays the refusal that it is."""
    if isinstance(fault, ApiError):
        return fault
    said = str(fault) if isinstance(fault, DistillError) else f"{type(fault).__name__}: {fault}"
    return ApiError(f"The model cannot {doing} now: {said[:500]}", status=503, code="engine_failed")
