"""How the papers of an exam are marked: by the metrics of the task, as its comparison scores test rows, against the known answers.

Agreement with the teacher says nothing of a teacher, and the right format is no right answer, so neither marks it. Judges are not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from distill.evaluate.arms import Answers
from distill.evaluate.fields import FieldRules
from distill.evaluate.metrics.names import AGREEMENT, deciding
from distill.evaluate.scoring.choice import Metrics
from distill.evaluate.scoring.own import ScoreRow
from distill.evaluate.scoring.table import value_scores
from distill.records import Json
from distill.values.rules import Rule


def _none(_answered: Mapping[str, Answers], _chosen: Metrics) -> Sequence[ScoreRow]:
    return ()


@dataclass(frozen=True, slots=True)
class Marking:
    """How answers are compared, as the spec says it: the metrics by what answers are, and the task's own functions."""

    schema: Mapping[str, Json] | None
    given: Mapping[str, Rule] | Rule | None
    only: Sequence[str]
    choose: Callable[[FieldRules], Metrics]
    decide_by: str | None = None
    own: Callable[[Mapping[str, Answers], Metrics], Sequence[ScoreRow]] = _none


@dataclass(frozen=True, slots=True)
class Marks:
    """What each arm got by `metric`: arm → seed_id → score, and the reason where it is not 1. The metric is empty where none judges."""

    metric: str = ""
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    reasons: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def of(self, arm: str) -> Mapping[str, float]:
        return self.scores.get(arm, {})


def marked(
    marking: Marking, rules: FieldRules, golds: Mapping[str, Mapping[str, Json] | None], answered: Mapping[str, Answers]
) -> Marks:
    """The marks of all arms by the first metric of the task that scores the teacher, as the comparison chooses."""
    chosen = marking.choose(rules)
    rows = [*value_scores(chosen, rules, marking.schema, golds, answered), *marking.own(answered, chosen)]
    by = {(arm, name) for _, arm, name, value, _ in rows if value is not None and judges(name)}
    scored = {name for arm, name in by if arm == "teacher"} or {name for _, name in by}
    if not scored:
        return Marks()
    wished = marking.decide_by if marking.decide_by in scored else None
    metric = deciding(scored, wished)
    found = [(arm, seed, value, why) for seed, arm, name, value, why in rows if name == metric and value is not None]
    scores: dict[str, dict[str, float]] = {}
    for arm, seed, value, _ in found:
        scores.setdefault(arm, {})[seed] = value
    return Marks(metric, scores, {(arm, seed): why for arm, seed, _, why in found})


def judges(metric: str) -> bool:
    """Whether a metric says of the teacher itself how good it is."""
    return metric != "schema" and not metric.startswith(AGREEMENT)
