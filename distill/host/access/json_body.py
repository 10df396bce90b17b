"""The JSON object of a request's body, read strictly: what it lets through can be stored, compared and written again."""

from __future__ import annotations

import orjson
from starlette.requests import Request

from distill.protocol.error import ApiError
from distill.records import Json

_KIND = "application/json"


async def json_object(request: Request, *, empty: bool = False) -> dict[str, Json]:
    """The body; ApiError where it is no JSON object, or says that it is something else. `empty`: no body counts as {}."""
    body = await request.body()
    if empty and not body:
        return {}
    kind = request.headers.get("content-type", _KIND).partition(";")[0].strip().lower()
    if kind != _KIND and not kind.endswith("+json"):
        raise ApiError(f"Unsupported content type: '{kind}'. This method takes '{_KIND}' only.")
    return parsed(body)


def parsed(body: bytes) -> dict[str, Json]:
    """Bytes as a JSON object; half emojis, NaN and depths that no reader takes are refused here."""
    try:
        found = orjson.loads(body)
    except ValueError as fault:
        raise ApiError(
            f"We could not parse the JSON body of your request: {_place(fault)}. The API expects a JSON object."
        ) from None
    if not isinstance(found, dict):
        raise ApiError(f"The body of the request is a JSON {_word(found)}; the API expects a JSON object.")
    return found


def _place(fault: ValueError) -> str:
    return str(fault).partition(":")[0][:200]


def _word(found: Json) -> str:
    return {list: "array", str: "string", bool: "boolean", type(None): "null"}.get(type(found), "number")
