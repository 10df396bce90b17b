"""What pydantic finds wrong with a setting, in words for the person who wrote it: what was expected there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from distill.records import Json
from distill.spec.settings import NAME_OF_A_VARIABLE
from distill.text.normalise import did_you_mean

_KINDS = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number that a computer holds",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list, say [a, b]",
    "tuple_type": "a list, say [a, b]",
    "dict_type": "a mapping, say {name: value}",
    "model_type": "a mapping of settings",
    "model_attributes_type": "a mapping of settings",
}
_BOUNDS: dict[str, Callable[[Mapping[str, Json]], str]] = {
    "greater_than": lambda given: f"a number above {given['gt']:g}",
    "greater_than_equal": lambda given: f"a number of {given['ge']:g} or more",
    "less_than": lambda given: f"a number below {given['lt']:g}",
    "less_than_equal": lambda given: f"a number of {_plain(given['le'])} or less",
    "string_too_short": lambda _: "a text that is not empty",
    "string_too_long": lambda given: f"a text of {given['max_length']} characters or fewer",
    "too_short": lambda given: f"{given['min_length']} of them or more, found {given['actual_length']}",
    "too_long": lambda given: f"{given['max_length']} of them or fewer, found {given['actual_length']}",
}
_PATTERNS = {
    NAME_OF_A_VARIABLE: "the NAME of an environment variable, say OPENAI_API_KEY, and never the key itself",
    r"^[a-z0-9][a-z0-9._-]{0,62}$": "a name of up to 63 lower-case letters, digits, dots, dashes and underscores",
    r"^[a-z][a-z0-9_]{0,31}$": "a name of up to 32 lower-case letters, digits and underscores",
}


def sentence(errors: Sequence[Mapping[str, Json]]) -> str:
    """What was expected of a setting that may be of several kinds, of which it is none."""
    said = list(dict.fromkeys(expected(error) for error in errors))
    if len(said) > 1 and all(one.startswith("expected ") for one in said):
        return "expected " + " or ".join(one.removeprefix("expected ") for one in said)
    return said[-1]


def expected(error: Mapping[str, Json]) -> str:
    """`expected …` for an error of pydantic's; the sentence itself where one of our own checks has written it."""
    kind, given, found = error["type"], error.get("ctx") or {}, error.get("input")
    if kind in _KINDS:
        quotes = kind == "string_type" and isinstance(found, bool | int | float)
        return f"expected {_KINDS[kind]}{'; put it in quotes' if quotes else ''}"
    if kind in _BOUNDS:
        return f"expected {_BOUNDS[kind](given)}"
    if kind == "literal_error":
        return _one_of(str(given.get("expected", "")), found)
    if kind == "string_pattern_mismatch":
        return f"expected {_PATTERNS.get(str(given.get('pattern')), 'a text of the form ' + str(given.get('pattern')))}"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return "expected an expression, or a mapping of settings"
    message = str(error["msg"]).removeprefix("Value error, ")
    return message[0].lower() + message[1:]


def _plain(number: float) -> str:
    return f"{int(number):,}" if number == int(number) else f"{number:g}"


def _one_of(listed: str, found: object) -> str:
    """`'a', 'b' or 'c'` with the nearest to what was found."""
    words = [word.strip(" '") for word in listed.replace(" or ", ",").split(",") if word.strip()]
    near = did_you_mean(found, words) if isinstance(found, str) else ""
    return f"expected {listed}" + (near if "did you mean" in near else "")
