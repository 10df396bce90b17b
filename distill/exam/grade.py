"""Grades an exam: the teacher's answers beside the commonest answer and a linear model, row by row, field by field, by the metrics of the task.

The commonest answer is one for all rows, taken field by field from all rows with a known answer.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from distill.evaluate.fields import FieldRules, field_rules
from distill.evaluate.metrics import METRICS, Example, NotScorable, json_fields, known
from distill.evaluate.metrics.names import BY_TEACHER, of_text
from distill.evaluate.scores import mean_of, of_rows
from distill.exam.marking import Marking, Marks, marked
from distill.exam.result import Exam, FieldScores, Mistake, StratumScore
from distill.records import Answer, Ended
from distill.seeds.approved import as_answer
from distill.stats import Estimate, mean_interval, paired_difference
from distill.student import linear
from distill.student.trainers import linear as linear_trainer
from distill.values import rules as value_rules

if TYPE_CHECKING:
    from distill.evaluate.arms import Answers
    from distill.records import Json

_COMMONEST, _LINEAR, VALUES = "commonest", "linear", "json_fields"
_MISTAKES = 5
_STRATA = 5
Scores = Mapping[str, float]
"""seed_id → score."""


@dataclass(frozen=True, slots=True)
class KnownRow:
    """A row with a known answer that is no test row."""

    seed_id: str
    input: str
    stratum: str
    gold: Mapping[str, Json]
    cluster: str = ""
    """Which rows belong together, such as the turns of a conversation; empty where it is alone."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What a teacher handed in: its answers by seed, and second answers to some of the same rows."""

    model: str
    prompt: str
    answers: Mapping[str, Answer]
    again: Mapping[str, Answer]
    calls: int
    usd: float | None
    """Of the calls that the store did not hold."""
    priced: bool


def grade(paper: Paper, rows: Sequence[KnownRow], others: Sequence[KnownRow], marking: Marking) -> Exam:
    """The exam of `paper` on `rows`; `others` are the further rows with a known answer."""
    said = {seed: answer.said for seed, answer in paper.answers.items()}
    rules = field_rules(
        schema=marking.schema, given=marking.given, only=marking.only, golds={row.seed_id: row.gold for row in rows},
        teacher=said, inputs={row.seed_id: row.input for row in rows},
    )  # fmt: skip
    beside = _Beside(_commonest(rows, others, marking), _linear(rows, others, marking))
    marks = marked(marking, rules, {row.seed_id: row.gold for row in rows}, _answered(rows, paper, beside))
    teacher, clusters = marks.of("teacher"), {row.seed_id: row.cluster for row in rows if row.cluster}
    commonest, learnt = ({}, {}) if of_text(marks.metric) else (marks.of(_COMMONEST), marks.of(_LINEAR))
    answered = [answer.latency_s for answer in paper.answers.values()]
    by_field = _by_field(rows, (said, beside.commonest, beside.learnt.answers), marking, rules, clusters)
    return Exam(
        model=paper.model, prompt=paper.prompt, known=len(rows) + len(others), rows=len(rows),
        unanswered=len(rows) - len(paper.answers), kind=rules.kind,
        teacher=mean_of(teacher, teacher, clusters), commonest=mean_of(commonest, commonest, clusters),
        linear=mean_of(learnt, learnt, clusters), linear_rows=beside.learnt.rows,
        over_commonest=_over(teacher, commonest, clusters), over_linear=_over(teacher, learnt, clusters),
        itself=_itself(said, paper.again, marking, rules, clusters, BY_TEACHER.get(marks.metric, "agreement")),
        fields=by_field if marks.metric == VALUES else [],
        strata=_by_stratum(rows, teacher), mistakes=_mistakes(rows, said, marks, marking),
        calls=paper.calls, usd=paper.usd, usd_per_1000=_per_1000(paper),
        seconds_p50=sorted(answered)[len(answered) // 2] if answered else None, metric=marks.metric,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Learnt:
    answers: Mapping[str, str]
    rows: int = 0


@dataclass(frozen=True, slots=True)
class _Beside:
    """What the teacher is held against, by seed_id."""

    commonest: Mapping[str, str]
    learnt: _Learnt


def _answered(rows: Sequence[KnownRow], paper: Paper, beside: _Beside) -> dict[str, Answers]:
    """The three as arms, with an answer to each row or None."""
    texts = {_COMMONEST: beside.commonest, _LINEAR: beside.learnt.answers}
    made = {
        arm: [(seed, Answer("", Ended.OK, text=text)) for seed, text in answers.items()]
        for arm, answers in texts.items()
    }
    return {"teacher": [(row.seed_id, paper.answers.get(row.seed_id)) for row in rows], **made}


def _commonest(rows: Sequence[KnownRow], others: Sequence[KnownRow], marking: Marking) -> dict[str, str]:
    """For each row the same answer: in each field the value that comes most often in all known ones."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in (*rows, *others):
        for name, value in _known_fields(row, marking).items():
            counts[name][json.dumps(value, sort_keys=True)] += 1
    modes = {name: json.loads(max(sorted(values), key=lambda value: values[value])) for name, values in counts.items()}
    answer = _spelt(modes, marking)
    return {row.seed_id: answer for row in rows}


def _linear(rows: Sequence[KnownRow], others: Sequence[KnownRow], marking: Marking) -> _Learnt:
    """The answers of a linear model of the other rows; none where there is no such model."""
    answers = [_known_fields(row, marking) for row in others]
    texts = [row.input for row, answer in zip(others, answers, strict=True) if answer]
    model = linear_trainer.train(texts, [one for one in answers if one], enumerated=linear.closed_by(marking.schema))
    if model is None:
        return _Learnt({})
    found = model.predict([row.input for row in rows])
    spelt = {row.seed_id: _spelt(one.answer, marking) for row, one in zip(rows, found, strict=True)}
    return _Learnt(spelt, model.rows)


def _known_fields(row: KnownRow, marking: Marking) -> Mapping[str, Json]:
    """A known answer by field; nothing where it can be none of the task's."""
    with suppress(NotScorable):
        return linear.by_field(known(row.gold, marking.schema))
    return {}


def _spelt(answer: Mapping[str, Json], marking: Marking) -> str:
    return as_answer(answer, fields=value_rules.names(marking.schema))[0]


def _scores(
    rows: Sequence[KnownRow], texts: Mapping[str, str], marking: Marking, rules: FieldRules
) -> dict[str, float]:
    """seed_id → share of the known answer that a text has; rows that cannot be scored are left out."""
    found = {}
    for row in rows:
        if row.seed_id in texts:
            with suppress(NotScorable):
                example = Example(gold=row.gold, schema=marking.schema, gold_rules=rules.gold)
                found[row.seed_id] = json_fields(example, texts[row.seed_id]).value
    return found


def _over(ours: Scores, theirs: Scores, clusters: Mapping[str, str]) -> Estimate | None:
    both = sorted(ours.keys() & theirs.keys())
    if not both:
        return None
    return paired_difference([ours[seed] for seed in both], [theirs[seed] for seed in both], of_rows(clusters, both))


def _itself(
    said: Mapping[str, str],
    again: Mapping[str, Answer],
    marking: Marking,
    rules: FieldRules,
    clusters: Mapping[str, str],
    metric: str,
) -> Estimate | None:
    """How far second answers agree with the first, by `metric`."""
    found: dict[str, float] = {}
    for seed, answer in sorted(again.items()):
        with suppress(NotScorable):
            first = Example(schema=marking.schema, teacher=said.get(seed), teacher_rules=rules.teacher)
            found[seed] = METRICS[metric](first, answer.said).value
    return mean_of(found, found, clusters)


def _by_field(
    rows: Sequence[KnownRow], texts: Sequence[Mapping[str, str]], marking: Marking, rules: FieldRules,
    clusters: Mapping[str, str],
) -> list[FieldScores]:  # fmt: skip
    """Each field alone, where answers have more than one that counts."""
    names = {name: None for row in rows for name in _known_fields(row, marking) if rules.gold.counts((name,))}
    if rules.kind != "fields" or len(names) < 2:
        return []
    found = []
    for name in names:
        alone = replace(rules, gold=replace(rules.gold, only=frozenset([name])))
        found_by = (_scores(rows, one, marking, alone) for one in texts)
        teacher, commonest, learnt = (mean_of(one, one, clusters) for one in found_by)
        if teacher is not None and commonest is not None:
            found.append(FieldScores(name, teacher, commonest, learnt))
    return found


def _by_stratum(rows: Sequence[KnownRow], scores: Scores) -> list[StratumScore]:
    groups: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row.seed_id in scores:
            groups[row.stratum].append(scores[row.seed_id])
    if len(groups) < 2:
        return []
    means = [StratumScore(name, mean_interval(values)) for name, values in groups.items()]
    return sorted(means, key=lambda one: (one.teacher.mean, -one.teacher.n, one.stratum))[:_STRATA]


def _mistakes(rows: Sequence[KnownRow], said: Mapping[str, str], marks: Marks, marking: Marking) -> list[Mistake]:
    scores = marks.of("teacher")
    wrong = sorted(
        (row for row in rows if scores.get(row.seed_id, 1) < 1), key=lambda row: (scores[row.seed_id], row.seed_id)
    )
    return [
        Mistake(
            row.seed_id, row.input, _spelt(row.gold, marking), said[row.seed_id], marks.reasons["teacher", row.seed_id]
        )
        for row in wrong[:_MISTAKES]
    ]


def _per_1000(paper: Paper) -> float | None:
    if not paper.priced or not paper.answers:
        return None
    return 1000 * sum(answer.usd for answer in paper.answers.values()) / len(paper.answers)
