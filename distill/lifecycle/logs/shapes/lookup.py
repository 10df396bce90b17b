"""Where the rows of logs have what every shape has: an answer's message, a time, scores, tokens, columns of a user's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import orjson

from distill.chat import content
from distill.lifecycle.logs.call import Asked, NoCall
from distill.records import Json, canonical

_NONE: Mapping[str, Json] = {}
_FEEDBACK = (
    "feedback", "user_feedback", "userFeedback", "user-feedback", "thumb", "thumbs", "rating", "stars", "vote", "liked", "reaction",
    "helpful",
)  # fmt: skip
"""What a user's feedback is called where it stands in a row or its metadata."""
_NOT = frozenset(("", "0", "false", "no", "n", "none", "null", "off"))


def first(holder: Mapping[str, Json], *names: str) -> Json:
    """The first of these that says something."""
    for name in names:
        value = holder.get(name)
        if value is not None and value != "":
            return value
    return None


def mapping(value: Json) -> Mapping[str, Json]:
    """An object, also one in a text of JSON; an empty one for anything else."""
    if isinstance(value, str) and value[:1] == "{":
        value = spelt(value)
    return value if isinstance(value, dict) else _NONE


def spelt(value: str) -> Json:
    """A text of JSON as what it says; any other as it is."""
    try:
        return orjson.loads(value)
    except ValueError:
        return value


def named(name: str, holders: Sequence[Mapping[str, Json]]) -> Json:
    """A column of the user's own, in the first of the mappings that has it; a dot goes into an object."""
    for holder in holders:
        if name in holder:
            return holder[name]
        head, dot, rest = name.partition(".")
        if dot and (inside := mapping(holder.get(head))) and (found := named(rest, [inside])) is not None:
            return found
    return None


def is_marked(value: Json) -> bool:
    """Whether a mark is set. What is neither yes nor no counts as set: a row that may be private is."""
    if value is None or value is False:
        return False
    return not (isinstance(value, str | int | float) and str(value).strip().lower() in _NOT)


def is_turns(value: Json) -> bool:
    """Whether a value is a conversation's turns."""
    return isinstance(value, list) and bool(value) and all(isinstance(turn, dict) and "role" in turn for turn in value)


def asked_of(value: Json) -> Asked:
    """What was asked, as an input column has it: turns, fields, or a text."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        value = spelt(value)
    if isinstance(value, dict):
        turns = next(
            (value[name] for name in ("messages", "input", "contents") if isinstance(value.get(name), list)), None
        )
        if turns is None:
            return [value] if "role" in value and "content" in value else value
        system = value.get("system") or value.get("instructions")
        value = [{"role": "system", "content": system}, *turns] if system else turns
    if isinstance(value, list):
        if value and all(isinstance(turn, dict) for turn in value):
            return value
        raise NoCall("other_shape", "the input is a list that holds no turns")
    if isinstance(value, str):
        return value
    raise (
        NoCall("no_content", "no input was recorded")
        if value is None
        else NoCall("other_shape", "the input is a number")
    )


def answer_of(value: Json) -> Mapping[str, Json]:
    """What was answered, as an output column has it, as a message: {"content": …, "tool_calls": …}."""
    given = spelt(value) if isinstance(value, str) and value[:1] in ("[", "{") else value
    if isinstance(given, dict) and isinstance(given.get("choices"), list) and given["choices"]:
        choice = given["choices"][0]
        if isinstance(choice, dict) and isinstance(choice.get("message"), dict):
            return {**choice["message"], "finish_reason": choice.get("finish_reason")}
    if isinstance(given, list) and len(given) == 1 and isinstance(given[0], dict) and "role" in given[0]:
        given = given[0]
    if isinstance(given, dict) and ("role" in given or set(given) <= {"content", "tool_calls", "refusal"}) and given:
        return given
    if value is None or value == "":
        raise NoCall("no_content", "no answer was recorded")
    return {"content": value if isinstance(value, str) else canonical(value)}


def text_of(message: Mapping[str, Json]) -> str:
    """The text of a message."""
    said = message.get("content")
    if isinstance(said, str):
        return said
    try:
        return content.text(said) or ""
    except ValueError as error:
        raise NoCall("no_text", str(error)) from None


def calls_of(message: Mapping[str, Json]) -> str:
    """The calls of a message as a sample holds them: [[name, arguments], …]; "" where there are none."""
    calls = message.get("tool_calls") or ()
    legacy = message.get("function_call")
    found = []
    for call in [*(calls if isinstance(calls, list) else ()), *([legacy] if legacy else ())]:
        function = call.get("function", call) if isinstance(call, dict) else _NONE
        if isinstance(function, dict) and isinstance(function.get("name"), str):
            given = function.get("arguments", function.get("args", ""))
            found.append([function["name"], given if isinstance(given, str) else canonical(given)])
    return canonical(found) if found else ""


def scores_of(*holders: Mapping[str, Json]) -> dict[str, Json]:
    """Every score and feedback that stands in a row: {name: value}."""
    found: dict[str, Json] = {}
    for holder in holders:
        given = holder.get("scores")
        if isinstance(given, list):
            found |= {str(one.get("name")): value_of(one) for one in given if isinstance(one, dict)}
        elif isinstance(given, dict):
            found |= given
        for name in _FEEDBACK:
            if name in holder and holder[name] is not None:
                found |= dict(_feedback(name, holder[name]))
    return found


def value_of(score: Mapping[str, Json]) -> Json:
    """The value of a score; of one that is a word, the word: its number is only a place in a list."""
    word = first(score, "stringValue", "string_value")
    return score.get("value") if word is None else word


def _feedback(name: str, value: Json) -> Iterator[tuple[str, Json]]:
    """A feedback may be an object around its value."""
    inside = first(value, "value", "score", "rating", "thumb", "label") if isinstance(value, dict) else value
    if isinstance(inside, str | int | float):
        yield name, inside


def number(value: Json) -> int | None:
    """A count of tokens."""
    if isinstance(value, str) and value.isdigit() and len(value) < 12:
        return int(value)
    return int(value) if isinstance(value, int | float) and 0 <= value < 2**40 else None


def seconds(value: Json, unit: float = 1.0) -> float | None:
    """A duration; `unit` is how many seconds one is."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return value * unit if isinstance(value, int | float) and 0 <= value < 1e12 else None


def word(value: Json) -> str | None:
    """A text, or nothing."""
    return value if isinstance(value, str) and value else None
