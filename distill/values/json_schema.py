"""Validators of JSON Schema (draft 2020-12) that fetch nothing and end: texts and schemas come from strangers.

A `$ref` to a URL fails instead of being fetched, and `pattern` and `patternProperties` have a time limit for each text; one
that is stopped again and again is given up (`patterns.GivenUp`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from distill.records import Json
from distill.text import patterns

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator


def validator(schema: Mapping[str, Json], *, place: str = "a JSON Schema", advice: str = "") -> Validator:
    """A `jsonschema` validator of a schema that is known to be one; `place` and `advice` as for `patterns.Patience`."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend
    from referencing import Registry

    patience = patterns.Patience(place, advice)
    kind = extend(
        Draft202012Validator,
        {"pattern": partial(_pattern, patience), "patternProperties": partial(_pattern_properties, patience)},
    )
    found: Validator = kind(schema, registry=Registry())  # an empty registry retrieves nothing
    return found


def fault(schema: Json) -> str:
    """Where and why this is no JSON Schema, its regular expressions included; nothing where it is one."""
    try:
        return _known_fault(json.dumps(schema))
    except (ValueError, TypeError, RecursionError):  # it is no JSON even
        return _fault(schema)


@lru_cache(maxsize=64)
def _known_fault(text: str) -> str:
    """Each curation of a run asks about the same schema, and the answer takes milliseconds."""
    return _fault(json.loads(text))


def _fault(schema: Json) -> str:
    from jsonschema import Draft202012Validator, FormatChecker, SchemaError

    checker = FormatChecker(formats=())
    checker.checks("regex")(lambda pattern: not isinstance(pattern, str) or not patterns.fault(pattern))
    try:
        Draft202012Validator.check_schema(schema, format_checker=checker)
    except SchemaError as error:
        return f"{error.json_path}: {error.message[:200]}"
    return ""


def _pattern(
    patience: patterns.Patience, _validator: object, pattern: str, instance: Json, _schema: Json
) -> Iterator[ValidationError]:
    from jsonschema import ValidationError

    if isinstance(instance, str):
        try:
            if not patterns.occurs(pattern, instance):
                yield ValidationError(f"{instance[:80]!r} does not match {pattern!r}")
        except patterns.TooSlow as slow:
            patience.note(slow)
            yield ValidationError(str(slow))


def _pattern_properties(
    patience: patterns.Patience, validator: Any, properties: Mapping[str, Json], instance: Json, _schema: Json
) -> Iterator[ValidationError]:
    from jsonschema import ValidationError

    if not isinstance(instance, dict):
        return
    for pattern, subschema in properties.items():
        for name, value in instance.items():
            try:
                if patterns.occurs(pattern, name):
                    yield from validator.descend(value, subschema, path=name, schema_path=pattern)
            except patterns.TooSlow as slow:
                patience.note(slow)
                yield ValidationError(str(slow))
