"""How two values of a field are compared: what the spec says of it, else what the task's output schema says, else its kind.

    text      equal after Unicode form, case, blanks, and the full stop at the end       (what texts are by themselves)
    exact     equal character by character
    number    equal in value: 12.5 and "12.50"                                          (schema: number, integer)
    within    a number no further off than so much, or so many percent
    date      the same day, however it is written                                       (schema: format date)
    time      the same moment                                                           (schema: format date-time)
    set       a list in any order, without repeats                    (schema: uniqueItems, or items that are an enum)
    list      a list in its order
    chrf, bleu, rouge_l, embedding   a text, by how like it is: a share, see `distill.values.likeness`
    ignore    not compared

A path names a field within others with dots, and passes through lists: `lines.price` is the price of each of the lines.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from distill.records import Json
from distill.values.answer import WHOLE

ValueKind = Literal[
    "text", "exact", "number", "date", "time", "set", "list", "ignore", "chrf", "bleu", "rouge_l", "embedding"
]
Path = tuple[str, ...]
_DEEPEST = 16
_MOST = 5000
"""Parts of a schema that are looked at, and references one in the other: it may point to itself."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How one field is compared; `within` is how far a number may be off, `share` whether that is a part of the value."""

    kind: ValueKind | None = None
    within: float = 0.0
    share: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules by path; a path without one is compared by the kind of its value. The path of a whole answer is ()."""

    of: Mapping[Path, Rule] = field(default_factory=dict)
    only: frozenset[str] = frozenset()
    """Fields that alone are compared; all of them where it is empty."""
    known: frozenset[Path] = frozenset()
    """Fields that the schema gives an answer: one that the wanted value lacks costs nothing, unless it is in `measured`."""
    closed: frozenset[Path] = frozenset()
    """Fields whose texts the schema enumerates or gives a pattern: none of them is free text."""
    measured: frozenset[Path] = frozenset()
    """Fields that wanted values have: an answer that makes one up where none is wanted is wrong in it."""

    def at(self, path: Path) -> Rule:
        """The rule of a field. That of a list's item is that of its list, but for what is said of the list as one."""
        rule = self.of.get(named(path), _NONE)
        return _NONE if path and path[-1] == ITEM and rule.kind in ("set", "list") else rule

    def counts(self, path: Path) -> bool:
        """Whether a field is compared at all."""
        return self.at(path).kind != "ignore" and (not self.only or not path or path[0] in self.only)

    def costs(self, path: Path) -> bool:
        """Whether a field that nobody asked for counts against an answer."""
        return self.counts(path) and (named(path) in self.measured or named(path) not in self.known)


_NONE = Rule()
ITEM = ""
"""What stands in a path for any item of a list."""


def named(path: Path) -> Path:
    """The fields of a path, without the lists on its way."""
    return tuple(part for part in path if part != ITEM)


def of(schema: Mapping[str, Json] | None, given: Mapping[str, Rule] | Rule | None = None) -> Rules:
    """The rules of a schema, and over them those that the spec gives by path (`a.b`), or one for the whole answer."""
    found = _parts(schema)
    known = frozenset(path for path, _ in found if path)
    closed = frozenset(
        path for path, part in found if any(name in part for name in ("enum", "const", "pattern", "format"))
    )
    rules: dict[Path, Rule] = {}
    for path, part in found:
        if (kind := _kind(part, schema or {})) is not None:
            rules.setdefault(path, Rule(kind))
    by_name = {WHOLE: given} if isinstance(given, Rule) else given or {}
    for name, rule in by_name.items():
        path = tuple(name.split("."))
        rules[path] = rule
        if path == (WHOLE,) and path not in known:
            rules[()] = rule
    return Rules(rules, known=known, closed=closed)


def names(schema: Mapping[str, Json] | None) -> list[str]:
    """The fields of a schema's answers, in its order; none where an answer is no object."""
    listed = schema is not None and schema.get("type") == "array"
    return [] if listed else list(dict.fromkeys(path[0] for path, _ in _parts(schema) if path))


def paths(value: Json, above: Path = ()) -> Iterator[Path]:
    """The paths of all fields of a value, lists passed through."""
    for name, inside in value.items() if isinstance(value, dict) else ():
        yield (*above, name)
        yield from paths(inside, (*above, name))
    for inside in value if isinstance(value, list) else ():
        yield from paths(inside, above)


def _parts(schema: Mapping[str, Json] | None) -> list[tuple[Path, Mapping[str, Json]]]:
    """(path, part) of every part of a schema. What holds of a list's items has the path of the list, which comes first."""
    whole = schema or {}
    return list(itertools.islice(_walked(whole, whole, (), ()), _MOST))


def _walked(
    part: Json, whole: Mapping[str, Json], path: Path, followed: tuple[str, ...]
) -> Iterator[tuple[Path, Mapping[str, Json]]]:
    """`followed` are the references on the way: one that leads back to itself is followed once."""
    if not isinstance(part, Mapping) or len(followed) > _DEEPEST:
        return
    yield path, part
    ref = part.get("$ref")
    if isinstance(ref, str) and ref not in followed:
        yield from _walked(_pointed(ref, whole), whole, path, (*followed, ref))
    given = [part.get(name) for name in ("anyOf", "oneOf", "allOf")]
    inside = part.get("properties")
    below: list[tuple[Path, Json]] = [(path, one) for some in given if isinstance(some, list) for one in some]
    below += [((*path, name), one) for name, one in inside.items()] if isinstance(inside, Mapping) else []
    below += [(path, part["items"])] if "items" in part else []
    for where, one in below:
        yield from _walked(one, whole, where, followed)


def _pointed(ref: Json, whole: Mapping[str, Json]) -> Json:
    """What `#/$defs/Name` points to."""
    if not isinstance(ref, str) or not ref.startswith("#/"):
        return None
    found: Json = whole
    for step in ref[2:].split("/"):
        found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
    return found


def _kind(part: Mapping[str, Json], whole: Mapping[str, Json]) -> ValueKind | None:
    form, items = part.get("format"), part.get("items")
    items = _pointed(items.get("$ref"), whole) or items if isinstance(items, Mapping) else {}
    if part.get("uniqueItems") is True or "enum" in items:
        return "set"
    if form in ("date", "date-time"):
        return "date" if form == "date" else "time"
    kinds = part.get("type")
    kinds = {kinds} if isinstance(kinds, str) else set(kinds if isinstance(kinds, list) else ()) - {"null"}
    return "number" if kinds and kinds <= {"number", "integer"} else None
