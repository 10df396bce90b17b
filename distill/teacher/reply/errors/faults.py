"""An error as an endpoint words it, in any of the shapes that servers give it: its numbers, its words, its message.

{"error": {"message", "code", "type", "status", "innererror", "metadata", "details"}}   {"errors": [...]}   {"detail": ...}
{"message", "code"}   {"error": "text"}   [{"error": …}]   {"base_resp": {"status_code", "status_msg"}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import orjson

from distill.records import Json

KEEP_CHARS = 400
_MOST_NODES = 200
_DEEPEST = 8
_LONGEST, _LONGEST_TEXT, _MOST_SENTENCES = 2_000, 65_536, 12
_MESSAGES = (
    "message", "msg", "detail", "error_msg", "error_message", "errorMessage", "status_msg", "error_description", "description",
    "Message", "title", "error", "raw", "err_msg",
)  # fmt: skip
_CODES = (
    "code", "type", "status", "reason", "error_code", "errorCode", "error_type", "err_code", "__type", "status_code", "statusCode",
    "http_status", "quotaId", "error", "Code",
)  # fmt: skip
_NOT_AN_ANSWER = ("errors", "detail", "error_code", "error_msg", "error_message", "errorMessage", "err_code", "__type")
_FINE = (None, False, 0, 200, "", "0", "200", "ok", "OK", "success")
_BAD = {"error", "failed", "fail", "failure"}


@dataclass(slots=True)
class ErrorDetails:
    """What an error says."""

    message: str = ""
    numbers: list[int] = field(default_factory=list)
    """Every HTTP status that it names, the outermost first."""
    codes: list[str] = field(default_factory=list)
    """Every code, type, status word and quota's name, in lower case."""
    objects: list[Mapping[str, Json]] = field(default_factory=list)
    """Its objects, the outermost first, for whoever looks for a wait."""
    sentences: list[str] = field(default_factory=list)
    """Each message by itself: that of an upstream is often a text within its gateway's."""

    @property
    def words(self) -> list[str]:
        return [one[:_LONGEST].lower() for one in self.sentences[:_MOST_SENTENCES] or [self.message]]


def is_error(found: object) -> bool:
    """Whether a 200's body is an error and no answer."""
    if isinstance(found, list):
        return bool(found) and isinstance(found[0], dict) and is_error(found[0])
    if not isinstance(found, dict):
        return False
    if _holds(found.get("error")) or _holds(found.get("Error")):
        return True
    if found.get("choices") or isinstance(found.get("output"), list | dict) or "candidates" in found or "done" in found:
        return False
    return any(found.get(name) for name in _NOT_AN_ANSWER) or _is_bad(found) or _is_wrapped(found)


def _is_wrapped(found: Mapping[str, Json]) -> bool:
    """Whether all that a wrapper holds is an error: Tencent's {"Response": {"Error": …}}, a gateway's {"data": {"error": …}}."""
    inner = [found[name] for name in ("Response", "data", "result", "body") if isinstance(found.get(name), dict)]
    return any(not one.get("choices") and (_holds(one.get("error")) or _holds(one.get("Error"))) for one in inner)


def _holds(error: object) -> bool:
    """Whether a field for an error holds one: some servers send it always, empty or with a code of 0."""
    if isinstance(error, dict):
        return any(value not in _FINE for value in error.values())
    return bool(error)


def _is_bad(found: Mapping[str, Json]) -> bool:
    base = found.get("base_resp")
    if isinstance(base, dict) and base.get("status_code"):
        return True
    kind, status = found.get("object") or found.get("type"), found.get("status")
    if kind == "error" or found.get("success") is False or (isinstance(status, str) and status.lower() in _BAD):
        return True
    named = any(isinstance(found.get(name), str) and found.get(name) for name in ("message", "msg", "Message", "title"))
    codes = [found.get(name) for name in ("code", "type", "status", "status_code", "statusCode", "Code")]
    return named and any(not isinstance(one, dict | list) and one not in _FINE for one in codes)


def details_of(found: object) -> ErrorDetails:
    """All that an error's value says; nothing where it is no error's shape."""
    fault = ErrorDetails()
    if isinstance(found, str):
        fault.message = found[:KEEP_CHARS]
        return fault
    for one in _objects(found):
        fault.objects.append(one)
        for name in _CODES:
            _add_code(one.get(name), fault)
        if said := _message(one):
            fault.sentences.append(said)
    fault.message = _joined(fault.sentences)[:KEEP_CHARS]
    return fault


def _objects(found: object) -> Iterator[Mapping[str, Json]]:
    """Every object in it, the outermost first; walked without recursion, and not without end."""
    layer: list[object] = [found]
    for _ in range(_DEEPEST):
        objects = [inner for one in layer[:_MOST_NODES] for inner in _flat(one)][:_MOST_NODES]
        yield from objects
        layer = [value for one in objects for key, value in one.items() if key not in ("loc", "input", "ctx")]


def _flat(one: object) -> list[Mapping[str, Json]]:
    # an upstream's body, as text
    if isinstance(one, str) and ("{" in one or one[:1] == "[") and len(one) < _LONGEST_TEXT:
        start, end = (0, len(one)) if one[:1] in ("{", "[") else (one.index("{"), one.rfind("}") + 1)
        try:
            one = orjson.loads(one[start:end])
        except orjson.JSONDecodeError:
            return []
    if isinstance(one, list):
        return [inner for inner in one[:_MOST_NODES] if isinstance(inner, dict)]
    return [one] if isinstance(one, dict) else []


def _add_code(value: object, fault: ErrorDetails) -> None:
    if isinstance(value, str) and value.isascii() and value.strip().isdigit() and len(value) < 6:
        value = int(value)
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        if 100 <= value < 600 and value == int(value):
            fault.numbers.append(int(value))
    elif isinstance(value, str) and value and len(value) < 120 and not value.startswith("{"):
        fault.codes.append(value.strip().lower().rpartition("#")[2])


def _message(one: Mapping[str, Json]) -> str:
    for name in _MESSAGES:
        value = one.get(name)
        if isinstance(value, str) and value.strip() and value[:1] not in "{[":
            return _place(one) + value.strip()
        if name == "detail" and isinstance(value, list) and value and isinstance(value[0], str):
            return "; ".join(str(part) for part in value[:3])
    return ""


def _place(one: Mapping[str, Json]) -> str:
    """Where FastAPI found a fault of the request: "body.messages: field required"."""
    place = one.get("loc")
    if not isinstance(place, list):
        return ""
    return ".".join(str(step)[:40] for step in place[:6] if isinstance(step, str | int)) + ": "


def _joined(messages: list[str]) -> str:
    """The first messages, each once; the inner ones of a gateway say the cause."""
    kept: list[str] = []
    for one in messages:
        if not any(one in other for other in kept):
            kept.append(one)
    return " - ".join(kept[:3])
