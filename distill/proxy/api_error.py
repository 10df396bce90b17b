"""What the proxy itself says, in the shape of OpenAI's errors, so that clients show it as they show the API's own."""

from __future__ import annotations

import orjson
from starlette.responses import Response


def api_error(status: int, code: str, message: str) -> Response:
    """{"error": {"message": …, "type": …, "param": null, "code": …}}"""
    kind = "invalid_request_error" if status < 500 else "upstream_error"
    error = {"message": message, "type": kind, "param": None, "code": code}
    return Response(orjson.dumps({"error": error}), status, media_type="application/json")
