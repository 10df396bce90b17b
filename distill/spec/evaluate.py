"""`evaluate:`: how teacher, bases and student are compared."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, field_validator

from distill.spec.probes import ProbesGiven
from distill.spec.settings import Settings
from distill.values.rules import Rule, ValueKind

_SHARE = re.compile(r"(\d+(?:\.\d+)?) ?%")


class Within(Settings):
    """A number that may be off."""

    within: float | str = Field(description="by how much at the most: 0.01, or a share of the number such as 5 %")

    @field_validator("within", mode="before")
    @classmethod
    def _off(cls, value: object) -> object:
        number = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
        if number or (isinstance(value, str) and _SHARE.fullmatch(value)):
            return value
        raise ValueError("expected a number that is not below 0, or a share such as 5 %")

    @property
    def rule(self) -> Rule:
        share = _SHARE.fullmatch(str(self.within))
        return Rule("number", float(share[1]) / 100, share=True) if share else Rule("number", float(self.within))


def _rule_kind(value: object) -> str:
    return "[off]" if isinstance(value, dict | Within) else "[rule]"


Compared = Annotated[Annotated[ValueKind, Tag("[rule]")] | Annotated[Within, Tag("[off]")], Discriminator(_rule_kind)]


def _compare_kind(value: object) -> str:
    if isinstance(value, list | tuple):
        return "[names]"
    whole = not isinstance(value, dict) or (set(value) == {"within"} and not isinstance(value["within"], dict))
    return "[whole]" if whole else "[fields]"


Compare = Annotated[
    Annotated[list[str], Tag("[names]")]
    | Annotated[Compared, Tag("[whole]")]
    | Annotated[dict[str, Compared], Tag("[fields]")],
    Discriminator(_compare_kind),
]


class Evaluate(Settings):
    """How teacher, bases and student are compared."""

    arms: list[Literal["teacher", "prompted_base", "base", "linear", "student"]] | None = Field(
        None,
        description="who answers the test rows; linear: a linear model of the same training rows, where answers are closed. "
        "Default: all of them, and beside a linear student the teacher alone",
    )
    metrics: list[Literal["schema", "json_fields", "agreement"]] = Field(default=["schema", "json_fields", "agreement"])
    margin: float = Field(0.02, ge=0, lt=1, description="how much worse than the teacher is still as good")
    require: Literal["distil"] | None = Field(None, description="exit 4 unless the verdict is this")
    compare: Compare | None = Field(
        None,
        description="how answers are compared: a list of the fields that alone count; or field → text, exact, number, "
        "{within: 0.01}, {within: 5 %}, date, time, set, list or ignore; or one of these for an answer that is a plain value. "
        "Default: by the output schema and the kind of value, over the fields of the gold answers",
    )
    probes: ProbesGiven = Field(
        "auto",
        description="what is looked at beyond the scores: memorisation, style, refusals, out_of_distribution, which cost no call, and "
        "forgetting, drift, injection, which ask base and student more. A list names those that are wanted; auto: all, and those that "
        "ask only where the model runs on this machine; none: no probe",
    )

    @field_validator("arms", "metrics", "probes")
    @classmethod
    def _once(cls, named: list[str] | str | None) -> list[str] | str | None:
        listed = named if isinstance(named, list) else []
        twice = sorted({one for one in listed if listed.count(one) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is named twice; expected each once")
        return named

    @property
    def only(self) -> Sequence[str]:
        """The fields that alone count; empty where all do."""
        return self.compare if isinstance(self.compare, list) else ()

    @property
    def rules(self) -> dict[str, Rule] | Rule | None:
        """How fields are compared, by their paths, or the whole answer."""
        if isinstance(self.compare, dict):
            return {name: _rule(one) for name, one in self.compare.items()}
        return None if self.compare is None or isinstance(self.compare, list) else _rule(self.compare)


def _rule(given: ValueKind | Within) -> Rule:
    return given.rule if isinstance(given, Within) else Rule(given)
