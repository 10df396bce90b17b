"""What keeps a row from being a seed, a sentence each: a used value that is missing, blank, or no JSON value."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from distill.chat import conversation
from distill.records import Json
from distill.seeds.formats.file_format import RawRow
from distill.text.normalise import did_you_mean, strict_json


def faults(
    row: RawRow, variables: Collection[str], chats: Mapping[str, bool], label_columns: Collection[str], gold: str | None,
    *, blank: Collection[str] = (),
) -> list[str]:  # fmt: skip
    """The faults of a row; of the variables, `blank` may be empty."""
    wrong = []
    for name in dict.fromkeys([*variables, *label_columns]):
        kind = "variable" if name in variables else "label"
        value = row.get(name)
        if name not in row:
            wrong.append(f"no {kind} {name!r}{did_you_mean(name, row)}")
        elif isinstance(value, ValueError):
            wrong.append(str(value))
        elif _is_blank(value):
            if name not in blank:
                wrong.append(f"the {kind} {name!r} is empty")
        elif name in label_columns and isinstance(value, dict | list):
            wrong.append(f"the label {name!r} is a {type(value).__name__}, expected one plain value")
        elif (said := no_json(value)) is not None:
            wrong.append(f"{said} (the value of {name!r})")
        elif name in chats and (said := _no_chat(value, last=chats[name])) is not None:
            wrong.append(f"the conversation {name!r}: {said}")
    if gold is not None:
        wrong += [said for said in _no_gold(row.get(gold), gold) if said not in wrong]
    return wrong


def gold_of(value: Json) -> dict[str, Json] | None:
    """The known answer: an object as it is or spelt in a string; a plain value becomes {"answer": value}."""
    if _is_blank(value):
        return None
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = strict_json(value)
    return value if isinstance(value, dict) else {"answer": value}


def no_json(value: Json) -> str | None:
    """Why a value cannot be written as JSON, or be sent; None where it can."""
    if isinstance(value, str):
        return "a NUL character is no text" if "\0" in value else None
    if value is None or isinstance(value, bool | int):
        return None
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{'NaN' if math.isnan(value) else 'Infinity'} is not JSON"
    if isinstance(value, dict | list):
        inside = value.values() if isinstance(value, dict) else value
        return next((said for one in inside if (said := no_json(one)) is not None), None)
    return str(value)[:80] if isinstance(value, ValueError) else f"a {type(value).__name__} is not JSON"


def _is_blank(value: Json) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _no_chat(value: Json, *, last: bool) -> str | None:
    """Why a value is no conversation, or asks nothing."""
    try:
        turns = conversation.turns(value, last=last)
    except ValueError as error:
        return str(error)
    final = turns[-1]
    return "its last turn is empty" if last and final["role"] == "user" and _is_blank(final["content"]) else None


def _no_gold(value: Json, gold: str) -> list[str]:
    if isinstance(value, ValueError):
        return [str(value)]
    if (said := no_json(value)) is not None:
        return [f"{said} (the value of {gold!r})"]
    try:
        gold_of(value)
    except ValueError as error:
        return [f"the gold {gold!r} starts like an object but is none: {error}"]
    return []
