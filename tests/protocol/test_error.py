"""Errors have the shape that clients of the public API read."""

from __future__ import annotations

import pytest

from distill.protocol.error import ApiError, kind, not_found


def test_shape() -> None:
    assert ApiError("no", status=400, code="c", param="p").body == {
        "error": {"message": "no", "type": "invalid_request_error", "param": "p", "code": "c"}
    }
    assert not_found("File", "file-1").body["error"]["message"] == "No such File object: file-1"


@pytest.mark.parametrize(
    ("status", "word"),
    [(400, "invalid_request_error"), (404, "invalid_request_error"), (401, "authentication_error"), (429, "rate_limit_error"),
     (500, "server_error"), (503, "server_error")],
)  # fmt: skip
def test_type_by_status(status: int, word: str) -> None:
    assert kind(status) == word
