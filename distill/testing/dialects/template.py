"""Recipes of bodies: JSON values that come to bytes, with a word put wherever `{{word}}` stands.

    "text"                          as it is, in UTF-8
    {"json": value}                 the value as compact JSON
    {"events": [value, …]}          each as an event of a stream; a text as the event's data
    {"repeat": "[", "times": 9000}  a text many times
    {"hex": "fffe"}                 bytes
    {"join": [recipe, …]}           one after the other

A text of JSON that is nothing but `{{word}}` becomes the word itself, so a count stays a number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from distill.records import Json
from distill.teacher.endpoint.client import encode

TemplateWords = Mapping[str, str | int | float]
_PLACE = re.compile(r"\{\{([a-z_]+)\}\}")


def expanded(recipe: Json, words: TemplateWords) -> bytes:
    """The bytes of a recipe; ValueError where it is none."""
    if isinstance(recipe, str):
        return _in_text(recipe, words).encode()
    match recipe:
        case {"json": value}:
            return encode(filled(value, words))
        case {"events": list(events)}:
            return b"".join(b"data: " + _event(event, words) + b"\n\n" for event in events)
        case {"repeat": str(text), "times": int(times)}:
            return _in_text(text, words).encode() * times
        case {"hex": str(digits)}:
            return bytes.fromhex(digits)
        case {"join": list(parts)}:
            return b"".join(expanded(part, words) for part in parts)
    raise ValueError(f"no recipe of a body: {str(recipe)[:80]!r}")


def headed(headers: Mapping[str, str], words: TemplateWords) -> dict[str, str]:
    return {name: _in_text(value, words) for name, value in headers.items()}


def filled(value: Json, words: TemplateWords) -> Json:
    """A JSON value with its words put in."""
    if isinstance(value, str):
        alone = _PLACE.fullmatch(value)
        return words[alone[1]] if alone else _in_text(value, words)
    if isinstance(value, list):
        return [filled(item, words) for item in value]
    if isinstance(value, dict):
        return {name: filled(item, words) for name, item in value.items()}
    return value


def words_in(recipe: Json) -> frozenset[str]:
    """The words that a recipe has places for."""
    if isinstance(recipe, str):
        return frozenset(_PLACE.findall(recipe))
    parts = recipe.values() if isinstance(recipe, dict) else recipe if isinstance(recipe, list) else ()
    return frozenset().union(*(words_in(part) for part in parts))


def _event(event: Json, words: TemplateWords) -> bytes:
    return _in_text(event, words).encode() if isinstance(event, str) else encode(filled(event, words))


def _in_text(text: str, words: TemplateWords) -> str:
    return _PLACE.sub(lambda place: str(words[place[1]]), text)
