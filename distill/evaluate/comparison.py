"""The comparison of the arms as one value: comparison.json holds it, the report draws it.

`compare` takes `scores`, one row a (seed_id, arm, metric) with a null where a metric could not judge, `calls`, one row a
(seed_id, arm), and `tests`, the test rows. Rows without an answer are counted, never scored as zero; rows that a metric has
nothing to hold against, such as a known answer, are none of its rows. `agreement` needs the teacher's own rows too (1 each),
or nothing pairs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import polars as pl

from distill.evaluate import cautions
from distill.evaluate.labels.result import FieldLabels
from distill.evaluate.metrics import NO_KNOWN
from distill.evaluate.metrics.names import PRIMARY, deciding, likeness_to_teacher
from distill.evaluate.not_comparable import not_comparable
from distill.evaluate.previous.agreement import TeacherAgreement
from distill.evaluate.scores import Scores, paired, paired_gap, rows_to_decide, scores_by_arm
from distill.evaluate.scoring.likeness_verdict import by_likeness, with_caution
from distill.evaluate.verdict import ComparisonVerdict, Evidence, verdict
from distill.evaluate.worst import WorstAnswer, worst_answers
from distill.stats import Estimate, mean_interval

ARMS = ("teacher", "student", "previous", "linear", "prompted_base", "base")


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm on the test rows: its mean by metric, and what its calls took."""

    metrics: dict[str, Estimate]
    calls: int
    failed: int
    unscored: int
    latency_p50_s: float | None
    latency_p95_s: float | None
    prompt_tokens: float | None
    completion_tokens: float | None
    usd_per_1000: float | None

    @property
    def tokens(self) -> float:
        """Prompt and completion tokens of a call."""
        return (self.prompt_tokens or 0.0) + (self.completion_tokens or 0.0)


@dataclass(frozen=True, slots=True)
class Difference:
    """Arm `a` minus arm `b` by one metric, on the rows that both answered."""

    metric: str
    a: str
    b: str
    mean: float
    low: float
    high: float
    n: int
    small: bool


@dataclass(frozen=True, slots=True)
class LabelScores:
    """Student and teacher on the test rows with one value of a label; None where none was scored."""

    value: str
    student: Estimate | None
    teacher: Estimate | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every arm on the test rows, and the verdict; `metric` is the one that carries it."""

    metric: str
    kind: str
    """What answers are: fields, plain values or free text."""
    margin: float
    rows: int
    arms: dict[str, ArmResult]
    differences: list[Difference]
    by_label: dict[str, list[LabelScores]]
    worst: list[WorstAnswer]
    warnings: list[str]
    verdict: ComparisonVerdict
    scored_by: list[str] = field(default_factory=list)
    """Which metrics were chosen, for what, and what none of them judges."""
    labels: list[FieldLabels] = field(default_factory=list)
    """Of each field of labels, and of answers that are labels: macro-F1, and which are confused."""
    by_teacher: list[TeacherAgreement] = field(default_factory=list)
    """In a refresh by another teacher without known answers: both students by either teacher. No difference to the previous student
    is listed then by a metric of agreement."""


def compare(
    scores: pl.DataFrame, calls: pl.DataFrame, tests: pl.DataFrame, *, margin: float, kind: str = "fields",
    asked: Sequence[str] | None = None, fields: Sequence[str] = (), teacher_is_base: bool = False, decide_by: str | None = None,
) -> Comparison:  # fmt: skip
    """The comparison by `decide_by`, else by the first metric of PRIMARY that the student has.

    `tests` holds seed_id, input, gold (JSON or null) and, if there are any, labels (JSON): the test rows of seeds.parquet.
    `asked` are the arms, by default those of `calls`; `fields` are those of the task's answers.
    With `teacher_is_base` the teacher's calls are those of the prompted base too, and are made once.
    """
    by_arm = scores_by_arm(scores)
    metric = deciding((name for arm, name in by_arm if arm == "student"), decide_by)
    names = _in_order(calls["arm"].to_list() + scores["arm"].to_list())
    arms = {arm: _arm(arm, scores, calls, by_arm) for arm in names}
    wanted = list((names or ARMS) if asked is None else asked)
    nothing = not_comparable(scores, calls, rows=tests.height, kind=kind, arms=wanted) or by_likeness(by_arm, metric)
    beyond, prompted = _without_known_answer(scores, metric), "teacher" if teacher_is_base else "prompted_base"
    rows = (tests.height - beyond, beyond)
    warnings = [
        *cautions.reordered_lists(scores),
        *([] if likeness_to_teacher(metric) else cautions.weak_strata(by_arm, metric, tests, margin)),
        *cautions.weak_teacher(by_arm),
    ]
    return Comparison(
        metric=metric,
        kind=kind,
        margin=margin,
        rows=tests.height,
        arms=arms,
        differences=[
            gap for name in _metrics(by_arm) for other in arms if (gap := _difference(by_arm, name, other)) is not None
        ],
        by_label=_by_label(by_arm, metric, tests),
        worst=worst_answers(scores, calls, tests, by_arm.get(("student", metric), {}), fields),
        warnings=warnings,
        verdict=nothing
        or with_caution(verdict(_evidence(by_arm, arms, metric, margin, kind, rows, prompted=prompted)), metric),
    )


def _without_known_answer(scores: pl.DataFrame, metric: str) -> int:
    """Test rows that the metric has nothing to hold an answer against."""
    unknown = scores.filter((scores["metric"] == metric) & (scores["reason"] == NO_KNOWN))
    return unknown.filter(unknown["arm"].is_in(["student", "teacher"]))["seed_id"].n_unique()


def _in_order(arms: Iterable[str]) -> list[str]:
    return sorted(set(arms), key=lambda arm: (ARMS.index(arm) if arm in ARMS else len(ARMS), arm))


def _metrics(scores: Scores) -> list[str]:
    return sorted({name for _, name in scores}, key=lambda name: (name not in PRIMARY, name))


def _arm(arm: str, scores: pl.DataFrame, calls: pl.DataFrame, by_arm: Scores) -> ArmResult:
    made = calls.filter(calls["arm"] == arm)
    answered = made.filter(made["ended"] == "ok")
    return ArmResult(
        metrics={name: mean_interval(list(rows.values())) for (owner, name), rows in by_arm.items() if owner == arm},
        calls=made.height,
        failed=made.height - answered.height,
        unscored=scores.filter((scores["arm"] == arm) & scores["value"].is_null()).height,
        latency_p50_s=answered["latency_s"].quantile(0.5),
        latency_p95_s=answered["latency_s"].quantile(0.95),
        prompt_tokens=_mean(answered["prompt_tokens"]),
        completion_tokens=_mean(answered["completion_tokens"]),
        usd_per_1000=_mean(answered["usd"] * 1000),
    )


def _mean(column: pl.Series) -> float | None:
    mean = column.mean()
    return mean if isinstance(mean, float) else None


def _difference(scores: Scores, metric: str, other: str) -> Difference | None:
    itself = other == "student" or (other == "teacher" and likeness_to_teacher(metric))  # it is the measure, and no arm
    gap = None if itself else paired_gap(scores, metric, other)
    return None if gap is None else Difference(metric, "student", other, **asdict(gap))


def _evidence(
    scores: Scores, arms: Mapping[str, ArmResult], metric: str, margin: float, kind: str, rows: tuple[int, int], *,
    prompted: str,
) -> Evidence:  # fmt: skip
    """`rows` are the test rows that the metric can judge, and those that it cannot; `prompted` is the arm of the prompted base."""
    student, teacher = paired(scores, metric, "teacher")
    tokens = {name: arm.tokens for name, arm in arms.items()}
    return Evidence(
        metric=metric,
        kind=kind,
        margin=margin,
        rows=rows[0],
        beyond=rows[1],
        student=mean_interval(student) if student else None,
        teacher=mean_interval(teacher) if teacher else None,
        to_teacher=paired_gap(scores, metric, "teacher"),
        to_base=paired_gap(scores, metric, "base"),
        to_prompted=paired_gap(scores, metric, prompted),
        to_linear=paired_gap(scores, metric, "linear"),
        teacher_is_base=prompted == "teacher",
        tokens_student=tokens.get("student", 0.0),
        tokens_prompted=tokens.get(prompted, 0.0),
        rows_needed=rows_to_decide(scores, metric, "teacher", margin),
        rows_for_gain=rows_to_decide(scores, metric, "base", 0.0),
    )


def _by_label(scores: Scores, metric: str, tests: pl.DataFrame) -> dict[str, list[LabelScores]]:
    """By label and value; a label that is the same on all rows, as one that chose them, tells nothing beside others."""
    if "labels" not in tests.columns:
        return {}
    seeds: dict[str, dict[str, list[str]]] = {}
    for seed, labels in tests.select("seed_id", "labels").sort("seed_id").iter_rows():
        for label, value in json.loads(labels or "{}").items():
            seeds.setdefault(label, {}).setdefault(str(value), []).append(seed)
    student, teacher = (scores.get((arm, metric), {}) for arm in ("student", "teacher"))
    return {
        label: [LabelScores(value, _mean_of(student, rows), _mean_of(teacher, rows)) for value, rows in sorted(values.items())]
        for label, values in seeds.items()
        if len(values) > 1 or len(seeds) == 1
    }  # fmt: skip


def _mean_of(scores: Mapping[str, float], seeds: Sequence[str]) -> Estimate | None:
    there = [scores[seed] for seed in seeds if seed in scores]
    return mean_interval(there) if there else None
