"""A JSON Schema of a task, looked at before anything is paid: all that would fail, or mislead, when the first answer comes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from distill.records import Json
from distill.text import patterns
from distill.text.normalise import strict_json
from distill.values import json_schema

_DATA = ("enum", "const", "default", "examples")
"""Keywords whose values are no schemas."""


def parsed(text: str) -> tuple[Json, str, int | None]:
    """(value, what is wrong, its line) of a text that must be JSON as every parser reads it."""
    try:
        json.loads(text, parse_int=str)  # numbers of any length are strict_json's to judge
        return strict_json(text), "", None
    except json.JSONDecodeError as fault:
        return None, f"not JSON: {fault.msg} at column {fault.colno}", fault.lineno
    except RecursionError:
        return None, "not JSON: nested too deep", None
    except ValueError as fault:
        return None, f"not JSON as every parser reads it: {fault}", _line_of(text, str(fault))


def faults(schema: Json) -> list[str]:
    """What is wrong with a schema: a keyword's value, a reference that leads nowhere or in a circle, a pattern that is none."""
    if wrong := json_schema.fault(schema):
        return [f"no JSON Schema: {wrong}"]
    parts = list(_parts(schema))
    found: list[str] = []
    targets: dict[str, Json] = {}
    lookup = _lookup(schema)
    for part in parts:
        for ref in _refs(part):
            if not ref.startswith("#"):
                found.append(
                    f"`$ref` {ref[:100]!r} is not in the schema, and nothing is fetched; copy it in, under $defs"
                )
            elif (target := lookup(ref)) is None:
                found.append(f"`$ref` {ref[:100]!r} leads nowhere in the schema; expected, say, '#/$defs/name'")
            else:
                targets[ref] = target
    if (back := _circle(parts, targets)) is not None:
        found.append(f"`$ref` {back[:100]!r} leads back to itself and never to a type; describe what stands there")
    slow = (
        f"the pattern {one[:100]!r}: {wrong}"
        for one in _patterns(parts)
        if (wrong := patterns.endless(one, whole=False))
    )
    found += slow
    return list(dict.fromkeys(found))


def _line_of(text: str, said: str) -> int | None:
    """The line of a key that stands twice, where it is plain which."""
    key = re.search(r"the key (.+) appears twice", said)
    if key is None:
        return None
    at = [one.start() for one in re.finditer(re.escape(json.dumps(key[1].strip("'\""))) + r"\s*:", text)]
    return text.count("\n", 0, at[1]) + 1 if len(at) == 2 else None


def _parts(schema: Json) -> Iterator[Mapping[str, Json]]:
    """Every mapping in a schema that may be a schema."""
    if isinstance(schema, list):
        for one in schema:
            yield from _parts(one)
    elif isinstance(schema, dict):
        yield schema
        for name, value in schema.items():
            if name not in _DATA:
                yield from _parts(value)


def _patterns(parts: Sequence[Mapping[str, Json]]) -> Iterator[str]:
    """The regular expressions of a schema."""
    for part in parts:
        named = part.get("patternProperties")
        yield from (
            one for one in (part.get("pattern"), *(named if isinstance(named, dict) else ())) if isinstance(one, str)
        )


def _refs(part: Mapping[str, Json]) -> list[str]:
    return [part[name] for name in ("$ref", "$dynamicRef") if isinstance(part.get(name), str)]


def _lookup(schema: Json) -> Callable[[str], Json]:
    """What a reference into the schema leads to; None where that is nothing."""
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    resolver = Registry().with_resource("", DRAFT202012.create_resource(schema)).resolver()

    def found(ref: str) -> Json:
        try:
            return resolver.lookup(ref).contents
        except (Unresolvable, ValueError, LookupError, TypeError):
            return None

    return found


def _circle(parts: list[Mapping[str, Json]], targets: Mapping[str, Json]) -> str | None:
    """A reference from which one comes back to itself without a step into the value: a validator would go round for ever."""
    done: set[int] = set()
    for part in parts:
        open_: list[tuple[Mapping[str, Json], Iterator[tuple[str, Json]]]] = [(part, _same_value(part, targets))]
        on_way = {id(part)}
        while open_:
            here, further = open_[-1]
            ref, target = next(further, ("", None))
            if target is None:
                open_.pop()
                on_way.discard(id(here))
                done.add(id(here))
            elif id(target) in on_way:
                return ref
            elif isinstance(target, dict) and id(target) not in done:
                open_.append((target, _same_value(target, targets)))
                on_way.add(id(target))
    return None


def _same_value(part: Mapping[str, Json], targets: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    """The schemas that the same value is held against, with the reference that leads there."""
    yield from ((ref, targets[ref]) for ref in _refs(part) if ref in targets)
    at = _refs(part)[0] if _refs(part) else "#"
    for name in ("allOf", "anyOf", "oneOf"):
        yield from ((at, one) for one in part.get(name) or () if isinstance(one, dict))
    for name in ("not", "if", "then", "else"):
        if isinstance(part.get(name), dict):
            yield at, part[name]
