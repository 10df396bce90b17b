"""Attributes of OpenTelemetry in any of their spellings → {name: value}.

[{"key": "gen_ai.request.model", "value": {"stringValue": "m"}}, …]      OTLP as JSON
{"gen_ai.request.model": "m", …}                                         the SDK's console exporter, and most flat exports
"""

from __future__ import annotations

from collections.abc import Mapping

from distill.records import Json

_NUMBERS = {"intValue": int, "doubleValue": float}
_DEEPEST = 32


def attributes(value: Json) -> dict[str, Json]:
    """The attributes of a span, an event or a resource; none of what is none."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list):
        return {}
    found: dict[str, Json] = {}
    for one in value:
        if isinstance(one, dict) and isinstance(one.get("key"), str):
            given = one.get("value")
            said = given.get("stringValue") if isinstance(given, dict) else None
            found[one["key"]] = said if said is not None else plain(given)
    return found


def plain(value: Json, depth: int = 0) -> Json:
    """An AnyValue as the JSON that it means."""
    if not isinstance(value, Mapping) or depth > _DEEPEST:
        return value if depth <= _DEEPEST else None
    if "arrayValue" in value:
        return [plain(one, depth + 1) for one in _values(value["arrayValue"])]
    if "kvlistValue" in value:
        pairs = (one for one in _values(value["kvlistValue"]) if isinstance(one, dict))
        return {str(one.get("key")): plain(one.get("value"), depth + 1) for one in pairs}
    for name, kind in _NUMBERS.items():
        if name in value:
            try:
                return kind(value[name])
            except (TypeError, ValueError, OverflowError):
                return None
    return next((value[name] for name in ("stringValue", "boolValue", "bytesValue") if name in value), None)


def _values(value: Json) -> list[Json]:
    inside = value.get("values") if isinstance(value, Mapping) else None
    return inside if isinstance(inside, list) else []
