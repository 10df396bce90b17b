"""Tool calls and their results as they stand inside a turn of a log."""

from __future__ import annotations

from collections.abc import Mapping

from distill.chat import content
from distill.records import Json, canonical
from distill.text.normalise import strict_json


def call_or_result(part: Json) -> tuple[str, Mapping[str, Json]]:
    """(`call`, it), (`result`, it) or ("", nothing) for a part of a content."""
    if not isinstance(part, Mapping):
        return "", {}
    if part.get("type") == "tool_use":
        return "call", part
    if part.get("type") == "tool_result":
        return "result", part
    for key, kind in (
        ("functionCall", "call"),
        ("function_call", "call"),
        ("functionResponse", "result"),
        ("function_response", "result"),
    ):
        inside = part.get(key)
        if isinstance(inside, Mapping):
            return kind, {**inside, "content": inside.get("response")} if kind == "result" else inside
    return "", {}


def parsed_once(arguments: str) -> str:
    """Arguments that are JSON in a text of JSON, as the JSON that they are."""
    if not arguments.lstrip().startswith('"'):
        return arguments
    try:
        inside = strict_json(arguments)
    except ValueError:
        return arguments
    return inside if isinstance(inside, str) and inside.lstrip().startswith("{") else arguments


def result_text(value: Json) -> str:
    """What a tool gave, as text: parts by what they say, other values as JSON."""
    if isinstance(value, str):
        return value
    parts = value if isinstance(value, list) else ()
    if parts and all(isinstance(part, Mapping) and isinstance(part.get("type"), str) for part in parts):
        return content.text(value) or ""
    return "" if value is None else canonical(value)
