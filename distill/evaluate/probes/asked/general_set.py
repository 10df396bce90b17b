"""The general set: 40 short instructions that any chat model may be given, each with an answer that a program can check.

It ships with the package (general_set.jsonl), was written for it, and has no other source. A line is {id, kind, ask, answer}:

    number   the first number of the answer is this one
    says     the answer is this text, but for case, quotes and a full stop
    holds    one of these words stands in the first sentence or line
    json     the answer is JSON, and this value
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from distill.records import Json
from distill.text.normalise import normalise
from distill.values import answer as answer_value
from distill.values.answer import Unreadable

_FILE = Path(__file__).with_name("general_set.jsonl")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*")
_AROUND = " \t\n.\"'`*!“”"
_HEAD = 160
"""Characters in which a fact has to stand: one that comes in a long list of guesses is none."""


@dataclass(frozen=True, slots=True)
class GeneralQuestion:
    """One instruction and what is right."""

    id: str
    kind: Literal["number", "says", "holds", "json"]
    ask: str
    answer: Json

    def right(self, said: str) -> bool:
        """Whether an answer is right; whatever the text."""
        match self.kind:
            case "number":
                found = _NUMBER.search(said)
                return found is not None and found[0].lstrip("+") == self.answer
            case "says":
                return normalise(said).strip(_AROUND) == normalise(str(self.answer)).strip(_AROUND)
            case "holds":
                head = normalise(said.strip()[:_HEAD])
                return any(re.search(rf"\b{re.escape(word)}\b", head) for word in self.answer)
            case "json":
                return self._value(said)

    def _value(self, said: str) -> bool:
        try:
            found = answer_value.read(said, "list" if isinstance(self.answer, list) else "object")
        except Unreadable:
            return False
        return bool(found == self.answer)


@functools.cache
def general_set() -> tuple[GeneralQuestion, ...]:
    """All of it, in the order of the file."""
    return tuple(GeneralQuestion(**json.loads(line)) for line in _FILE.read_text(encoding="utf-8").splitlines())
