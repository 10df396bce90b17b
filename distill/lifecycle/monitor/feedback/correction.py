"""A corrected answer held against the one that was given: right where they are the same by the rules of the evaluation (`evaluate.compare`).

A correction may be the whole answer, the value of an answer's one field, or only the fields that were wrong. One that the task's schema
forbids in each of these forms is none. Texts that no rule compares are the same where they differ in blanks alone.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from distill.evaluate.metrics import METRICS, Example, NotScorable
from distill.records import Json, canonical
from distill.seeds.faults.row_faults import gold_of
from distill.task.task import Task
from distill.text.normalise import strict_json
from distill.values import answer as answer_value
from distill.values import json_schema
from distill.values import rules as value_rules
from distill.values.answer import Unreadable

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_SHOWN = 160


class BadCorrection(ValueError):
    """A corrected answer that is none of the task's."""


@dataclass(frozen=True)
class Corrections:
    """Of one task."""

    task: Task

    def whole(self, corrected: Json, answer: str | None) -> Json:
        """The corrected answer as the task's answers are; `answer` is the one that was given, None where it was not kept."""
        forms = list(self._forms(corrected, answer))
        if self._validator is None:
            return forms[0]
        for one in forms:
            if self._validator.is_valid(one):
                return one
        fault = next(iter(self._validator.iter_errors(forms[0])))
        raise BadCorrection(f"{fault.json_path}: {fault.message}"[:_SHOWN])

    def is_right(self, corrected: Json, answer: str) -> bool:
        """Whether the answer that was given is the corrected one; `corrected` is whole."""
        example = Example(gold=gold_of(corrected), schema=self.task.output, gold_rules=self._rules)
        try:
            return METRICS["json_fields"](example, answer).value >= 1
        except NotScorable:
            return _words(said(corrected)) == _words(answer)

    def _forms(self, corrected: Json, answer: str | None) -> Iterator[Json]:
        """What may be meant, the likeliest first."""
        values, fields, given = [corrected], value_rules.names(self.task.output), _object(answer)
        if isinstance(corrected, str) and self.task.output is not None:
            with contextlib.suppress(ValueError):
                values.insert(0, strict_json(corrected))
        for value in values:
            if len(fields) == 1 and not isinstance(value, dict):
                yield {fields[0]: value}
            yield value
            if isinstance(value, dict) and given:
                yield {**given, **value}

    @cached_property
    def _rules(self) -> value_rules.Rules:
        settings = self.task.spec.evaluate
        return replace(value_rules.of(self.task.output, settings.rules), only=frozenset(settings.only))

    @cached_property
    def _validator(self) -> Validator | None:
        return None if self.task.output is None else json_schema.validator(self.task.output, place="the task's schema")


def digest(answer: str, tool_calls: str = "") -> bytes:
    """A short hash of an answer: the same for JSON that says the same."""
    value: Any = answer.strip()
    if value[:1] in ("{", "["):
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(value)
    return blake2b(canonical([value, tool_calls]).encode("utf-8", "replace"), digest_size=12).digest()


def said(corrected: Json) -> str:
    """A corrected answer as a text."""
    return corrected if isinstance(corrected, str) else canonical(corrected)


def _object(answer: str | None) -> Mapping[str, Json]:
    if answer is None:
        return {}
    try:
        found = answer_value.read(answer, "object")
    except Unreadable:
        return {}
    return found if isinstance(found, dict) else {}


def _words(text: str) -> list[str]:
    return text.split()
