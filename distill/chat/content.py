"""What is said in a turn, as text: logs hold it as a text, as a list of parts, or as an object around one.

    "…"    [{"type": "text", "text": "…"}]    [{"type": "text", "value": "…"}]    {"parts": ["…"]}    [{"text": "…"}]

Texts are joined by a line break. Thinking is no part of what is said. A picture, a sound or a file is refused by its name:
an answer to half a question teaches nonsense.
"""

from __future__ import annotations

from collections.abc import Mapping

from distill.records import Json

THOUGHT = ("thinking", "redacted_thinking", "reasoning", "thought")
_TEXT = ("text", "input_text", "output_text", "refusal", None)
_SPELT = ("text", "value", "content", "refusal")


def text(value: Json) -> str | None:
    """The text of a content; None where it is null. ValueError names the part that is none."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        value = value["parts"] if isinstance(value.get("parts"), list) else [value]
    if not isinstance(value, list):
        raise ValueError(f"the content is {kind(value)}, expected text")  # noqa: TRY004 - one error for whatever a row holds
    said = [part(one, number) for number, one in enumerate(value, 1)]
    return "\n".join(one for one in said if one is not None)


def part(one: Json, number: int) -> str | None:
    """The text of a part of a content; None where it is thinking."""
    if isinstance(one, str):
        return one
    if not isinstance(one, Mapping):
        raise ValueError(  # noqa: TRY004 - as above
            f"the content is a JSON list, expected text or parts with a text; its part {number} is {kind(one)}"
        )
    name = one.get("type")
    if name in THOUGHT or one.get("thought") is True:
        return None
    if name in _TEXT:
        if name == "text" and one.get("text", "") is None:
            return None  # as a table writes what a part lacks
        for key in _SPELT:
            if isinstance(one.get(key), str):
                return str(one[key])
    raise ValueError(f"part {number} of the content is `{name_of(one)}`; only text can be read")


def name_of(one: Mapping[str, Json]) -> str:
    """What a part that is no text calls itself."""
    if isinstance(one.get("type"), str) and one["type"] not in _TEXT:
        return str(one["type"])
    said = (str(key) for key in one if key not in ("type", "id", "cache_control") and one[key] is not None)
    return next(said, "{}")


def kind(value: Json) -> str:
    """A value's type, for a message."""
    return "nothing" if value is None else f"a JSON {type(value).__name__}"
