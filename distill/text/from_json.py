"""JSON values read back as the dataclasses that they were written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from distill.records import Json

T = TypeVar("T")


def from_json(kind: type[T], value: Json) -> T:
    """`value` as a `kind`; ValueError names the first place that is of another type. Keys beyond the fields are ignored,
    and a field with a default may lack: older files do not know it.

    Texts stay as they are: half an emoji, which other readers refuse, may stand in a row.
    """
    made: T = _made(kind, value, "")
    return made


def _made(kind: object, value: Json, where: str) -> Json:
    origin, inside = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if isinstance(kind, type) and is_dataclass(kind):
        _check(isinstance(value, dict), value, where, "an object")
        return _dataclass(kind, value, where)
    if origin in (Union, UnionType):
        return None if value is None and NoneType in inside else _made(inside[0], value, where)
    if origin in (list, Sequence):
        _check(isinstance(value, list), value, where, "a list")
        return [_made(inside[0], each, f"{where}[{n}]") for n, each in enumerate(value)]
    if origin in (dict, Mapping):
        _check(isinstance(value, dict), value, where, "an object")
        return {name: _made(inside[1], each, f"{where}.{name}") for name, each in value.items()}
    if origin is Literal:
        _check(value in inside, value, where, f"one of {', '.join(map(repr, inside))}")
        return value
    _check(
        type(value) is kind or (kind is float and type(value) is int),
        value,
        where,
        getattr(kind, "__name__", str(kind)),
    )
    return value


def _dataclass(kind: type, value: Mapping[str, Json], where: str) -> Json:
    hints = _hints(kind)
    optional = {
        each.name for each in fields(kind) if each.default is not MISSING or each.default_factory is not MISSING
    }
    given = {}
    for name in (each.name for each in fields(kind) if each.init):
        place = f"{where}.{name}".lstrip(".")
        if name not in value and name in optional:
            continue
        if name not in value:
            raise ValueError(f"{place} is missing")
        given[name] = _made(hints[name], value[name], place)
    return kind(**given)


def _check(holds: bool, value: Json, where: str, expected: str) -> None:
    if not holds:
        raise ValueError(f"{where or 'the whole'} is {str(value)[:40]!r}, expected {expected}")


@cache
def _hints(kind: type) -> Mapping[str, object]:
    return get_type_hints(kind)
