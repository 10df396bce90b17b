"""The comparison of the arms as one value: comparison.json holds it, the report draws it.

`compare` takes `scores`, one row a (seed_id, arm, metric) with a null where a metric could not judge, `calls`, one row a
(seed_id, arm), and `tests`, the test rows. Rows without an answer are counted, never scored as zero; rows that a metric has
nothing to hold against, such as a known answer, are none of its rows. `agreement` needs the teacher's own rows too (1 each),
or nothing pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import polars as pl

from distill.evaluate import cautions
from distill.evaluate.arm_kinds.footprint import Footprint
from distill.evaluate.arm_kinds.training_seeds import TrainingSeeds, averaged, seeds_of
from distill.evaluate.by_label import LabelScores, by_label
from distill.evaluate.diagnosis.result import Diagnosis
from distill.evaluate.evidence import gather
from distill.evaluate.evidence.ceiling import ExamMarks, TeacherCeiling
from distill.evaluate.evidence.clusters import clusters_of
from distill.evaluate.evidence.strata import FallenStratum, fallen_strata
from distill.evaluate.evidence.teacher_errors import TeacherErrors, teacher_errors
from distill.evaluate.judging.result import Judging
from distill.evaluate.labels.result import FieldLabels
from distill.evaluate.metrics import NO_KNOWN
from distill.evaluate.metrics.names import BY_TEACHER, PRIMARY, deciding, likeness_to_teacher
from distill.evaluate.not_comparable import not_comparable
from distill.evaluate.previous.agreement import TeacherAgreement
from distill.evaluate.probes.result import ProbeResult
from distill.evaluate.scores import (
    STUDENT,
    TRAINING,
    Scores,
    both_have,
    mean_of,
    paired_gap,
    right_of,
    scores_by_arm,
    student_mean,
)
from distill.evaluate.scoring.likeness_verdict import by_likeness, with_caution
from distill.evaluate.selective.cascade import Selective
from distill.evaluate.verdict import ComparisonVerdict, verdict
from distill.evaluate.worst import WorstAnswer, worst_answers
from distill.stats import FEW, Estimate

ARMS = ("teacher", "student", "previous", "gold_student", "linear", "embedding", "few_shot", "prompted_base", "base")


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
    test_clusters: int | None = None
    """Of test rows that belong together, each row that is alone being one; None in files of before it was counted."""
    fallen: list[FallenStratum] = field(default_factory=list)
    """Strata in which the student fell below the teacher."""
    ceiling: TeacherCeiling | None = None
    teacher_errors: TeacherErrors | None = None
    footprints: dict[str, Footprint] = field(default_factory=dict)
    """Arm → what it takes of a machine."""
    selective: Selective | None = None
    """What the student answers alone; None where no rows are set apart to find it out."""
    judging: Judging | None = None
    """What judges found; None where none was asked."""
    seeds: TrainingSeeds | None = None
    """The student's trainings by several seeds; None where it was trained once."""
    probes: list[ProbeResult] = field(default_factory=list)
    diagnosis: Diagnosis | None = None
    by_teacher: list[TeacherAgreement] = field(default_factory=list)
    """In a refresh by another teacher without known answers: both students by either teacher. No difference to the previous student
    is listed then by a metric of agreement."""


@dataclass(frozen=True, slots=True)
class AnswersCompared:
    """What a task's answers are, and by what they are compared."""

    kind: str = "fields"
    fields: Sequence[str] = ()
    """Those of the task's answers."""
    decide_by: str | None = None
    """The metric that carries the verdict, where the spec names one."""
    teacher_is_base: bool = False
    """The teacher's calls are those of the prompted base too, and are made once."""


def compare(
    scores: pl.DataFrame, calls: pl.DataFrame, tests: pl.DataFrame, *, margin: float, asked: Sequence[str] | None = None,
    answers: AnswersCompared = AnswersCompared(), marks: ExamMarks | None = None,
) -> Comparison:  # fmt: skip
    """The comparison by `answers.decide_by`, else by the first metric of PRIMARY that the student has, on rows enough.

    `tests` holds seed_id, input, gold (JSON or null) and, if there are any, labels (JSON), group and cluster: the test rows of
    seeds.parquet. `asked` are the arms, by default those of `calls`; `marks` are the teacher's in its exam.
    """
    by_arm, clusters = averaged(scores_by_arm(scores)), clusters_of(tests)
    metric = _primary(by_arm, answers.decide_by)
    names = _in_order(calls["arm"].to_list() + scores["arm"].to_list())
    arms = {arm: _arm(arm, scores, calls, by_arm, clusters) for arm in names}
    wanted = list((names or ARMS) if asked is None else asked)
    nothing = not_comparable(scores, calls, rows=tests.height, kind=answers.kind, arms=wanted) or by_likeness(
        by_arm, metric, clusters
    )
    beyond, prompted = _without_known_answer(scores, metric), "teacher" if answers.teacher_is_base else "prompted_base"
    rows = (tests.height - beyond, beyond)
    fallen = [] if likeness_to_teacher(metric) else fallen_strata(by_arm, metric, tests, margin)
    ceiling = None if likeness_to_teacher(metric) else gather.ceiling(by_arm, metric, clusters, marks or ExamMarks())
    tokens = {name: arm.tokens for name, arm in arms.items()}
    seen = gather.evidence_of(
        by_arm, metric, margin, kind=answers.kind, rows=rows, tokens=tokens, prompted=prompted, clusters=clusters
    )
    seeds = seeds_of(by_arm, metric)
    seen = replace(seen, fallen=[one for one in fallen if one.clear], limits=ceiling)
    return Comparison(
        metric=metric, kind=answers.kind, margin=margin, rows=tests.height, arms=arms, differences=_differences(by_arm, arms, clusters),
        by_label=by_label(by_arm, metric, tests), worst=worst_answers(scores, calls, tests, by_arm.get(("student", metric), {}), answers.fields),
        warnings=_warnings(scores, by_arm, metric, fallen, clusters),
        verdict=_told(nothing or with_caution(verdict(seen), metric), seeds), seeds=seeds,
        test_clusters=tests.height - len(clusters) + len(set(clusters.values())), fallen=fallen, ceiling=ceiling,
        teacher_errors=None if likeness_to_teacher(metric) else teacher_errors(by_arm, metric, calls, tests, answers.fields),
    )  # fmt: skip


def _warnings(
    scores: pl.DataFrame, by_arm: Scores, metric: str, fallen: Sequence[FallenStratum], clusters: Mapping[str, str]
) -> list[str]:
    """What a reader should know before a figure is believed."""
    return [
        *cautions.reordered_lists(scores),
        *cautions.nothing_right(fallen),
        *cautions.weak_teacher(by_arm, right_of(by_arm, metric), clusters),
    ]


def _told(found: ComparisonVerdict, seeds: TrainingSeeds | None) -> ComparisonVerdict:
    """The verdict with what the trainings differ."""
    return replace(found, sentences=[*found.sentences, seeds.sentence]) if seeds else found


def _primary(scores: Scores, decide_by: str | None) -> str:
    """What the spec names, else the first of PRIMARY that the student has; agreement, where the known answers are too few and it is of
    more rows."""
    metric = deciding((name for arm, name in scores if arm == "student"), decide_by)
    beside = BY_TEACHER.get(metric, "")
    known, agreed = (len(both_have(scores, name, "teacher")) for name in (metric, beside))
    return beside if decide_by is None and known < FEW and agreed > known else metric


def _without_known_answer(scores: pl.DataFrame, metric: str) -> int:
    """Test rows that the metric has nothing to hold an answer against."""
    unknown = scores.filter((scores["metric"] == metric) & (scores["reason"] == NO_KNOWN))
    return unknown.filter(unknown["arm"].is_in(["student", "teacher"]))["seed_id"].n_unique()


def _in_order(arms: Iterable[str]) -> list[str]:
    """Without further trainings of the student, which are in its own numbers."""
    named = {arm for arm in arms if not arm.startswith(TRAINING)}
    return sorted(named, key=lambda arm: (ARMS.index(arm) if arm in ARMS else len(ARMS), arm))


def _metrics(scores: Scores) -> list[str]:
    return sorted({name for _, name in scores}, key=lambda name: (name not in PRIMARY, name))


def _arm(arm: str, scores: pl.DataFrame, calls: pl.DataFrame, by_arm: Scores, clusters: Mapping[str, str]) -> ArmResult:
    made = calls.filter(calls["arm"] == arm)
    answered = made.filter(made["ended"] == "ok")
    return ArmResult(
        metrics={
            name: found
            for (owner, name), rows in by_arm.items()
            if owner == arm and (found := _mean_of(arm, name, rows, by_arm, clusters)) is not None
        },
        calls=made.height,
        failed=made.height - answered.height,
        unscored=scores.filter((scores["arm"] == arm) & scores["value"].is_null()).height,
        latency_p50_s=answered["latency_s"].quantile(0.5),
        latency_p95_s=answered["latency_s"].quantile(0.95),
        prompt_tokens=_mean(answered["prompt_tokens"]),
        completion_tokens=_mean(answered["completion_tokens"]),
        usd_per_1000=_mean(answered["usd"] * 1000),
    )


def _mean_of(
    arm: str, metric: str, rows: Mapping[str, float], scores: Scores, clusters: Mapping[str, str]
) -> Estimate | None:
    """An arm's mean; the student's with what its trainings differ."""
    return student_mean(scores, metric, rows, clusters) if arm == STUDENT else mean_of(rows, rows, clusters)


def _mean(column: pl.Series) -> float | None:
    mean = column.mean()
    return mean if isinstance(mean, float) else None


def _differences(scores: Scores, arms: Iterable[str], clusters: Mapping[str, str]) -> list[Difference]:
    others = list(arms)
    every = (_difference(scores, name, other, clusters) for name in _metrics(scores) for other in others)
    return [gap for gap in every if gap is not None]


def _difference(scores: Scores, metric: str, other: str, clusters: Mapping[str, str]) -> Difference | None:
    itself = other == "student" or (other == "teacher" and likeness_to_teacher(metric))  # it is the measure, and no arm
    gap = None if itself else paired_gap(scores, metric, other, clusters)
    return None if gap is None else Difference(metric, "student", other, **asdict(gap))
