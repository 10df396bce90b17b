"""The metrics of a task: those that the spec names, and for `auto` those that fit its answers.

schema, json_fields, agreement   always: the format, and answers as values where they are values; beside tool calls where there is a schema
tool_calls                       where a known answer or the teacher's calls a tool
verify                           where a gate `verify` is there
chrf, rouge_l, embedding         where answers, or fields of them, are free text; embedding where its package is installed
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill import extras
from distill.evaluate.metrics import calls, texts
from distill.values.likeness import TEXT_METRICS, TextMetric

if TYPE_CHECKING:
    from distill.evaluate.fields import FieldRules
    from distill.spec import TaskSpec
    from distill.spec.evaluation.metrics import PythonMetric

ALWAYS = ("schema", "json_fields", "agreement")
LIKENESSES: tuple[TextMetric, ...] = ("chrf", "rouge_l")
"""The likenesses of text that are measured unasked; a run of words is too long a unit for BLEU on one short answer."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """The metrics of a task: of values and format by their names, likenesses of text, and the task's own functions."""

    values: tuple[str, ...]
    texts: tuple[TextMetric, ...] = ()
    verify: bool = False
    own: tuple[PythonMetric, ...] = ()


def metrics_of(spec: TaskSpec, rules: FieldRules) -> Metrics:
    """The metrics of a task whose answers are as `rules` found them."""
    named, auto = spec.evaluate.metric_names, "auto" in spec.evaluate.metric_names
    # Beside calls, what is said without a form is no value: another wording of it would count as wrong.
    beside = ("schema",) if mostly_calls(rules) and spec.teacher.output is None else ALWAYS
    values = [name for name in ALWAYS if (auto and name in beside) or name in named]
    if "tool_calls" in named or (auto and calls_tools(rules)):
        values += [f"{before}tool_calls" for before in ("", "agreement_")]
    listed = tuple(name for name in TEXT_METRICS if name in named)
    free = rules.free_gold.paths or rules.free_teacher.paths
    unasked = likenesses() if auto and free else ()
    gate = verify_settings(spec) is not None
    return Metrics(
        tuple(values), tuple(dict.fromkeys((*unasked, *listed))), gate and (auto or "verify" in named),
        tuple(spec.evaluate.own_metrics),
    )  # fmt: skip


def likenesses() -> tuple[TextMetric, ...]:
    """The likenesses of text that are measured unasked on this machine."""
    return (*LIKENESSES, "embedding") if not extras.missing("meaning") else LIKENESSES


def calls_tools(rules: FieldRules) -> bool:
    """Whether a known answer, or where there is none one of the teacher's, calls a tool."""
    values = rules.wanted or rules.theirs
    return any(calls.calls_of(value) for value in values.values())


def mostly_calls(rules: FieldRules) -> bool:
    """Whether half of these answers or more call a tool."""
    values = rules.wanted or rules.theirs
    return bool(values) and 2 * sum(bool(calls.calls_of(value)) for value in values.values()) >= len(values)


def text_names(chosen: Metrics, rules: FieldRules) -> list[str]:
    """What the likenesses of a task's texts are called."""
    return [
        *texts.names(chosen.texts, rules.free_gold, teacher=False),
        *texts.names(chosen.texts, rules.free_teacher, teacher=True),
    ]  # fmt: skip


def verify_settings(spec: TaskSpec) -> dict[str, object] | None:
    """The settings of the first gate `verify`; None where there is none."""
    return next((dict(settings) for name, settings in spec.gate_settings() if name == "verify"), None)
