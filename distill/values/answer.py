"""What an answer is as a value: the one reading of answers, known answers and decided ones that every comparison uses.

    "technical"  `technical`  {"answer": "technical"}  Answer: technical      → the text technical
    12.50  "12.50"                                          → the number 12.5
    ["a", "b"]  a fence around it                           → the list
    {"intent": "refund"}, or text with it where fields are expected → the object

A text is JSON as a whole, as its one code block, or not at all. Only where fields (or a list) are expected, because the task's
schema, the known answer or the teacher's says so, may other text stand around the value: then it is that of the one code block,
the only JSON object (list) outside the reasoning, or the one that ends the text. An object inside a text that nobody expected to be one is text.
Answers are untrusted: whatever the text, the work is bounded, and all that is raised is `Unreadable`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from typing import Literal

from distill.records import Json, canonical
from distill.text.normalise import strict_json

WHOLE = "answer"
"""What a plain value is called where fields are named: seeds keep it as {"answer": value}."""
Expected = Literal["object", "list", "plain", "text"]
"""What an answer is to be; `text` is taken as it stands, a number or a list in it too."""

_PLACES = 256
"""Places tried for the start of a value; bounds the work on hostile text."""
_THOUGHT = re.compile(r"<(think|thinking|thought|reasoning)\b[^>]*>", re.IGNORECASE)
_THOUGHT_END = re.compile(r"</(?:think|thinking|thought|reasoning)\s*>", re.IGNORECASE)
_BLOCK = re.compile(r"^[ \t]*(```|~~~)[ \t]*([\w+-]*)[ \t]*\n(.*?)\n?^[ \t]*\1[ \t]*$", re.DOTALL | re.MULTILINE)
_AFTER = re.compile(r"[\s.;!`~]*")
_START = re.compile(r"[{\[]")
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9]\d{0,299})(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_CALLED = re.compile(r"[*_\s]*(?:final )?answer[*_\s]*:[*_\s]*(?=\S)([^\n]+)", re.IGNORECASE)
"""One line that says that it is the answer, which is {"answer": …} in other words."""
_WORDS = {"true": True, "false": False}


class Unreadable(ValueError):
    """Why no value of the kind that is expected is in a text."""


def read(text: str, expected: Expected = "plain") -> Json:
    """The value of an answer's text; Unreadable where an object or a list is expected and there is none."""
    said = _without_thought(text).strip()
    if expected == "text":
        return said
    if expected == "plain":
        return unwrapped(_plain(said))
    kind: type = dict if expected == "object" else list
    try:
        found = _whole(said)
    except Unreadable:
        return _inside(said, kind)
    found = found if expected == "object" else unwrapped(found)
    if not isinstance(found, kind):
        raise Unreadable(f"a JSON {_named(type(found))}, expected {_named(kind)}")
    return found


def of_known(gold: Mapping[str, Json], fields: Collection[str] = (), expected: Expected = "plain") -> Json:
    """A known answer as a value. `fields` are those of the task's answers: one called `answer` is a field, and where there
    is only one, a plain value is that field's.
    """
    if set(gold) != {WHOLE} or WHOLE in fields:
        return dict(gold)
    value = gold[WHOLE]
    if expected == "text" and not isinstance(value, dict | list):
        return value.strip() if isinstance(value, str) else canonical(value)
    plain = unwrapped(_plain(value.strip())) if isinstance(value, str) else value
    return {next(iter(fields)): plain} if len(fields) == 1 and not isinstance(plain, dict) else plain


def expected_of(schema: Mapping[str, Json] | None, *values: Json) -> Expected:
    """What an answer is expected to be: as the schema says, else as the values it is held against."""
    kinds: Json = (schema or {}).get("type")
    if kinds == "object" or (schema and "properties" in schema):
        return "object"
    if kinds == "array":
        return "list"
    if any(isinstance(value, dict) for value in values):
        return "object"
    return "list" if any(isinstance(value, list) for value in values) else "plain"


def unwrapped(value: Json) -> Json:
    """{"answer": value}, as an answer that the task gives no fields, is the value."""
    return value[WHOLE] if isinstance(value, dict) and set(value) == {WHOLE} else value


def number(value: Json) -> int | float | None:
    """A number, or a text that spells one as a whole; None for anything else, true and false included."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    spelt = value.strip() if isinstance(value, str) else ""
    if not _NUMBER.fullmatch(spelt):
        return None
    read_as = int(spelt) if re.fullmatch(r"[+-]?\d+", spelt) else float(spelt)
    return read_as if math.isfinite(read_as) else None


def _plain(text: str) -> Json:
    """A text that is JSON, a number, true or false as a whole, or is one code block, is what it says; any other is itself."""
    try:
        return _whole(text)
    except Unreadable:
        pass
    block = _BLOCK.fullmatch(text)
    inner = block[3].strip() if block and block[2].lower() in ("", "text", "txt") else text
    if inner is text and (called := _CALLED.fullmatch(text)):
        inner = called[1].strip()
    if inner is not text:
        return _plain(inner)
    spelt = number(inner)
    return _WORDS.get(inner.casefold(), inner) if spelt is None else spelt


def _whole(text: str) -> Json:
    """The JSON value that a text is as a whole, or as its one code block; Unreadable where it is none."""
    block = _BLOCK.fullmatch(text)
    inner = block[3] if block and block[2].lower() in ("", "json", "jsonc", "json5") else text
    try:
        return strict_json(inner)
    except ValueError as fault:
        raise Unreadable(f"not JSON: {fault}") from None


def _json(text: str) -> Json:
    """A JSON value, None where it is none."""
    try:
        return strict_json(text)
    except ValueError:
        return None


def _without_thought(text: str) -> str:
    """What follows the reasoning that a model writes into its answer; nothing where the reasoning never ends."""
    ends = list(_THOUGHT_END.finditer(text))
    rest = text[ends[-1].end() :] if ends else text
    return "" if _THOUGHT.match(rest.lstrip()) else rest


def _inside(text: str, kind: type) -> Json:
    blocks = [block[3] for block in _BLOCK.finditer(text)]
    if len(blocks) == 1 and isinstance(block := _json(blocks[0]), kind):
        return block
    found = _candidates(text, kind)
    if not found:
        raise Unreadable(f"no JSON {_named(kind)}")
    value, end = found[-1]
    if len(found) > 1 and not _AFTER.fullmatch(text, end):
        raise Unreadable(
            f"{len(found)} JSON {_named(kind)}s, none of which ends the text: which is the answer cannot be told"
        )
    return value


def _named(kind: type) -> str:
    return {dict: "object", list: "list", str: "text", bool: "boolean", type(None): "null"}.get(kind, "number")


def _candidates(text: str, kind: type) -> list[tuple[Json, int]]:
    """Each JSON value of that kind that stands in no other, with its end; nothing where one is cut off."""
    decoder, found, at, whole = json.JSONDecoder(), list[tuple[Json, int]](), 0, len(text.rstrip())
    for _ in range(_PLACES):
        start = _START.search(text, at)
        if start is None:
            return found
        try:
            _, at = decoder.raw_decode(text, start.start())
            value = strict_json(text[start.start() : at])
            found += [(value, at)] if isinstance(value, kind) else []
        except json.JSONDecodeError as fault:
            at = start.end()
            if at < whole and (fault.pos >= whole or fault.msg.startswith("Unterminated")):
                return []
        except RecursionError:
            return []
        except ValueError:  # a key twice, NaN: JSON that is no answer, and what stands in it is none either
            continue
    return []
