"""Files as the public API shows them, and what an upload may say about one: its purpose, and how long it lasts."""

from __future__ import annotations

from collections.abc import Mapping

from distill.protocol.error import ApiError
from distill.records import Json

PURPOSES = ("assistants", "batch", "evals", "fine-tune", "user_data", "vision")
"""What a client may upload a file for."""
RESULTS, BATCH_OUTPUT = "fine-tune-results", "batch_output"
"""The purposes of files that a host makes."""
HOUR_S, MONTH_S = 3600, 30 * 86400


def file_object(
    *, identity: str, filename: str, purpose: str, size: int, created_at: float, expires_at: float | None = None,
    status: str = "processed", status_details: str | None = None,
) -> dict[str, Json]:  # fmt: skip
    """The file object."""
    return {
        "id": identity, "object": "file", "bytes": size, "created_at": int(created_at),
        "expires_at": None if expires_at is None else int(expires_at), "filename": filename, "purpose": purpose,
        "status": status, "status_details": status_details,
    }  # fmt: skip


def upload_object(
    *, identity: str, filename: str, purpose: str, size: int, created_at: float, expires_at: float, status: str, file: Json = None,
) -> dict[str, Json]:  # fmt: skip
    """The upload object: a file that comes in parts; `file` is the one made of them."""
    return {
        "id": identity, "object": "upload", "bytes": size, "created_at": int(created_at), "expires_at": int(expires_at),
        "filename": filename, "purpose": purpose, "status": status, "file": file,
    }  # fmt: skip


def part_object(*, identity: str, upload_id: str, created_at: float) -> dict[str, Json]:
    """A part of an upload."""
    return {"id": identity, "object": "upload.part", "created_at": int(created_at), "upload_id": upload_id}


def deleted(name: str, kind: str = "file") -> dict[str, Json]:
    """What a delete is answered with, of a file or a model."""
    return {"id": name, "object": kind, "deleted": True}


def checked_purpose(given: Json) -> str:
    """A purpose that a client may give; ApiError else."""
    if given in PURPOSES:
        return str(given)
    raise ApiError(f"{given!r} is not one of {list(PURPOSES)} - 'purpose'", param="purpose")


def lasts_s(given: Json, param: str = "expires_after") -> float | None:
    """Seconds that a file lasts, of `expires_after` as JSON or its `seconds` as text; None where it says nothing."""
    if given is None:
        return None
    if isinstance(given, Mapping):
        if given.get("anchor", "created_at") != "created_at":
            raise ApiError("expires_after counts from 'created_at' only", param=f"{param}.anchor")
        given = given.get("seconds")
    word = str(given) if isinstance(given, int | str) and not isinstance(given, bool) else ""
    if not (word.isascii() and word.isdigit() and len(word) < 10) or not HOUR_S <= int(word) <= MONTH_S:
        raise ApiError(f"{param} takes from {HOUR_S} to {MONTH_S} seconds", param=param)
    return float(word)
