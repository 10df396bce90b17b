"""Everything that the rules look at, gathered once from a run's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from distill.evaluate.diagnosis import confusion, training
from distill.evaluate.diagnosis.confusion import ConfusedPair
from distill.evaluate.diagnosis.shift import Shift, shift
from distill.evaluate.diagnosis.starving import StarvingStratum, starving_stratum
from distill.evaluate.diagnosis.training import TrainingLosses
from distill.evaluate.evidence.clusters import clusters_of
from distill.evaluate.probes.result import ProbeResult
from distill.evaluate.scores import Scores, mean_of, of_rows, paired_gap, right_of, scores_by_arm
from distill.stats import Estimate, paired_difference

if TYPE_CHECKING:
    from distill.records import Json


@dataclass(frozen=True, slots=True)
class Tables:
    """`tests` and `pool` are rows of seeds.parquet, `train` those of samples.parquet that trained."""

    tests: pl.DataFrame
    pool: pl.DataFrame
    train: pl.DataFrame
    scores: pl.DataFrame
    calls: pl.DataFrame
    losses: Sequence[Mapping[str, Json]] = ()


@dataclass(frozen=True, slots=True)
class ComparedVerdict:
    """What the comparison says: the verdict's word, and what it rests on."""

    word: str
    metric: str
    margin: float
    rows_needed: int | None = None
    rows_at_most: int | None = None
    probes: Sequence[ProbeResult] = ()
    prompted: str = "prompted_base"
    """The arm that is the prompted base."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisInput:
    """Each `to_…` is the student minus that arm, on the rows that both answered; None where there are none."""

    word: str
    margin: float
    rows: int
    unanswered: int
    """Test rows that student or teacher did not answer."""
    metric: str = "json_fields"
    """It carries the verdict."""
    to_teacher: Estimate | None = None
    to_base: Estimate | None = None
    to_prompted: Estimate | None = None
    to_linear: Estimate | None = None
    to_embedding: Estimate | None = None
    teacher_right: Estimate | None = None
    """Share of the known answers."""
    taught: float = 0.0
    """Share of the training rows that the teacher answered."""
    schema: Estimate | None = None
    """Of the student's answers."""
    broken: Estimate | None = None
    """Student minus teacher on the rows whose form the student broke."""
    rows_needed: int | None = None
    rows_at_most: int | None = None
    """Test rows that would decide it: at least, and at most; None where nobody can say."""
    seeds: int = 0
    """Rows to train and to test on, all together."""
    test_share: bool = False
    test_file: str = ""
    """Whether the spec asks for test rows as a share of the seeds, or the file that it names for them."""
    trained: int = 0
    epochs: float = 0.0
    linear: bool = False
    """The student is a linear model, over letters or word vectors."""
    hosted: bool = False
    """It was tuned at a host, where each further training is a job with a bill of its own."""
    losses: TrainingLosses | None = None
    confused: ConfusedPair | None = None
    starving: StarvingStratum | None = None
    shift: Shift | None = None
    probes: Sequence[ProbeResult] = ()

    @property
    def behind(self) -> bool:
        """The student is clearly below its teacher."""
        return (
            self.to_teacher is not None
            and not self.to_teacher.small
            and self.to_teacher.high < 0
            and self.word != "distil"
        )


def measured(
    tables: Tables, compared: ComparedVerdict, *, epochs: float, linear: bool, hosted: bool = False, test_share: bool = False,
    test_file: str = "",
) -> DiagnosisInput:  # fmt: skip
    """Sends nothing; reads no file."""
    by_arm, metric, train = scores_by_arm(tables.scores), compared.metric, tables.train
    clusters = clusters_of(tables.tests)
    student, teacher = (by_arm.get((arm, metric), {}) for arm in ("student", "teacher"))
    known, form = by_arm.get(("teacher", right_of(by_arm, metric)), {}), by_arm.get(("student", "schema"), {})
    taught = train.filter(pl.col("request_id").is_not_null()).height
    return DiagnosisInput(
        word=compared.word, metric=metric, margin=compared.margin, rows=tables.tests.height, unanswered=_unanswered(tables),
        to_teacher=paired_gap(by_arm, metric, "teacher", clusters), to_base=paired_gap(by_arm, metric, "base", clusters),
        to_prompted=paired_gap(by_arm, metric, compared.prompted, clusters),
        to_linear=paired_gap(by_arm, metric, "linear", clusters),
        to_embedding=paired_gap(by_arm, metric, "embedding", clusters),
        teacher_right=mean_of(known, known, clusters),
        taught=taught / train.height if train.height else 0.0,
        schema=mean_of(form, form, clusters), broken=_broken(by_arm, metric, clusters),
        rows_needed=compared.rows_needed, rows_at_most=compared.rows_at_most, seeds=tables.pool.height + tables.tests.height, test_share=test_share,
        test_file=test_file, trained=train.height, epochs=epochs, linear=linear, hosted=hosted,
        losses=training.training_losses(tables.losses), confused=confusion.confused_pair(tables.tests, tables.calls),
        starving=starving_stratum(tables.tests, train, student, teacher),
        shift=shift(tables.tests, train, tables.pool), probes=compared.probes,
    )  # fmt: skip


def _unanswered(tables: Tables) -> int:
    ok = {
        arm: set(tables.calls.filter((pl.col("arm") == arm) & (pl.col("ended") == "ok"))["seed_id"])
        for arm in ("student", "teacher")
    }
    asked = set(tables.calls["arm"]) & ok.keys()
    return (
        tables.tests.height - len(set(tables.tests["seed_id"]).intersection(*(ok[arm] for arm in asked)))
        if asked
        else 0
    )


def _broken(scores: Scores, metric: str, clusters: Mapping[str, str]) -> Estimate | None:
    form = scores.get(("student", "schema"), {})
    student, teacher = (scores.get((arm, metric), {}) for arm in ("student", "teacher"))
    rows = sorted(seed for seed, value in form.items() if value < 1 and seed in student and seed in teacher)
    together = of_rows(clusters, rows)
    return (
        paired_difference([student[seed] for seed in rows], [teacher[seed] for seed in rows], together)
        if rows
        else None
    )
