"""`evaluate:`: how teacher, bases and student are compared."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Annotated, Literal, get_args

from pydantic import Discriminator, Field, Tag, field_validator

from distill.spec.evaluation.gate import EvaluationGate
from distill.spec.evaluation.judge import EvaluationJudge
from distill.spec.evaluation.metrics import Metrics, PythonMetric, named
from distill.spec.evaluation.probes import ProbesGiven
from distill.spec.settings import PositiveInt, Settings
from distill.spec.teacher import Rival
from distill.values.rules import Rule, ValueKind

_SHARE = re.compile(r"(\d+(?:\.\d+)?) ?%")
Arms = Literal["teacher", "prompted_base", "few_shot", "base", "linear", "embedding", "gold_student", "student"]
_NO_RIVAL = frozenset({*get_args(Arms), "previous", "shipped", "curve"})
"""What a rival cannot be called: the names of other arms."""
_RIVAL = re.compile(r"[a-z][a-z0-9_-]{0,31}")


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


class CalibrationSettings(Settings):
    """Rows that are set apart from training and test, to find out from which confidence on the student may answer alone."""

    rows: PositiveInt = Field(
        description="number of rows, by stratum, drawn after the test rows; risk 0.05 takes 59 at the least, better 300"
    )
    draws: int = Field(
        0, ge=0, le=20, description="further answers of the student to each row, whose agreement is its confidence; 0: the probabilities "
        "of its tokens"
    )  # fmt: skip


class Evaluate(Settings):
    """How teacher, bases and student are compared."""

    arms: list[Arms] | None = Field(
        None,
        description="who answers the test rows; few_shot: the base with training rows as examples; linear, embedding: a linear model of the "
        "same training rows over letters, or over word vectors, where answers are closed; gold_student: the student of the known answers "
        "alone. Default: teacher, prompted_base, base, linear and student; beside a linear student the teacher alone",
    )
    metrics: Metrics = Field(
        "auto",
        description="what scores the answers: auto chooses by the kind of answer; or a list of auto, schema, json_fields, agreement, "
        "verify, tool_calls, chrf, bleu, rouge_l, embedding, and {python: metrics.py}",
    )
    margin: float = Field(
        0.05,
        ge=0,
        lt=1,
        description="how much worse than the teacher is still as good; `distill plan` says what so many test rows decide",
    )
    require: Literal["distil"] | None = Field(None, description="exit 4 unless the verdict is this")
    compare: Compare | None = Field(
        None,
        description="how answers are compared: a list of the fields that alone count; or field → text, exact, number, "
        "{within: 0.01}, {within: 5 %}, date, time, set, list, chrf, bleu, rouge_l, embedding or ignore; or one of these for an answer that is a plain value. "
        "Default: by the output schema and the kind of value, over the fields of the gold answers",
    )
    judge: EvaluationJudge | None = Field(
        None, description="models that score the answers, and compare them two by two; {} takes every default"
    )
    gate: EvaluationGate | None = Field(None, description="figures that must be met; exit 4 where one is not")
    decide_by: str | None = Field(
        None,
        description="the metric that carries the verdict. Default: known answers, then agreement, verify, your own, likeness of text",
    )
    few_shot: int = Field(4, ge=1, le=64, description="training rows that the arm few_shot is shown, at the most")
    rivals: dict[str, Rival] = Field(
        default_factory=dict,
        description="name → a further model that answers the test rows, such as a cheap one with the teacher's prompt",
    )
    risk: float = Field(
        0.05, gt=0, lt=1, description="how many of the answers that the student gives alone may be wrong, or differ from the teacher's"
    )  # fmt: skip
    calibration: CalibrationSettings | None = Field(
        None, description="rows that set the threshold of what the student answers alone; default: none are set apart, and none is set"
    )  # fmt: skip
    probes: ProbesGiven = Field(
        "auto",
        description="what is looked at beyond the scores: memorisation, style, refusals, out_of_distribution, which cost no call, and "
        "forgetting, drift, injection, which ask base and student more. A list names those that are wanted; auto: all, and those that "
        "ask only where the model runs on this machine; none: no probe",
    )

    @field_validator("rivals")
    @classmethod
    def _names(cls, rivals: dict[str, Rival]) -> dict[str, Rival]:
        for name in rivals:
            if name in _NO_RIVAL:
                raise ValueError(f"{name!r} is the name of another arm; call the rival otherwise, say `cheap`")
            if not _RIVAL.fullmatch(name):
                raise ValueError(
                    f"{name[:60]!r} is no name of a rival; expected small letters, digits, - and _, say `cheap`"
                )
        return rivals

    @field_validator("arms", "probes")
    @classmethod
    def _once(cls, named: list[str] | str | None) -> list[str] | str | None:
        _each_once(named if isinstance(named, list) else ())
        return named

    @field_validator("metrics")
    @classmethod
    def _own_names(cls, given: Metrics) -> Metrics:
        if not given:
            raise ValueError("it names none; expected auto, or metrics by name")
        _each_once(named(given))
        return given

    @property
    def metric_names(self) -> list[str]:
        """The metrics as the spec names them."""
        return named(self.metrics)

    @property
    def own_metrics(self) -> list[PythonMetric]:
        """The task's own functions among the metrics."""
        return [] if isinstance(self.metrics, str) else [one for one in self.metrics if isinstance(one, PythonMetric)]

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


def _each_once(named: Sequence[str]) -> None:
    twice = sorted({one for one in named if named.count(one) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} is named twice; expected each once")


def _rule(given: ValueKind | Within) -> Rule:
    return given.rule if isinstance(given, Within) else Rule(given)
