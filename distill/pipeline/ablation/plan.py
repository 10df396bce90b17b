"""What an ablation will train before it does, and about how long that takes by the rate of the run's own training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from distill.errors import UsageError
from distill.pipeline.ablation.choice import chosen
from distill.pipeline.ablation.equal_size import VariantRows, learnt, size_of
from distill.pipeline.ablation.variants import WholeDataset, gates_of, let_in, recuration
from distill.pipeline.learning_curve.plan import MOST_SEEDS, seconds_of
from distill.pipeline.learning_curve.points import PointName, is_done, is_own
from distill.pipeline.learning_curve.rows import CurveRows
from distill.task.run import ActiveRun

SEEDS = {"lora": 3, "linear": 5}
"""Trainings of each variant where nobody says how many."""


@dataclass(frozen=True, slots=True)
class AblationRequest:
    """What was asked for: `without` as the command line has it, and None for what is found by itself."""

    without: str | None = None
    seeds: int | None = None
    student: str | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class PlannedVariant:
    """One gate or step that is left out."""

    name: str
    dropped: int
    """Rows that it dropped in the run."""
    let_in: int
    """Rows that are in the dataset only without it."""
    same: bool
    """Whether the student would learn the same rows: then nothing is trained."""


@dataclass(frozen=True, slots=True)
class AblationPlan:
    """The trainings of an ablation, and how many of them are still to be done."""

    run: str
    student: str
    rows: int
    """Training rows of every variant."""
    seeds: int
    test_rows: int
    left_out: Sequence[PlannedVariant]
    trainings: int
    to_train: int
    own: bool
    """Whether one of them is the run's own student."""
    seconds: float | None
    """Of all that is to be trained and asked; None where nothing was measured yet."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run's dataset with nothing left out, and each variant of it."""

    whole: WholeDataset
    base: VariantRows
    variants: Sequence[VariantRows]

    @property
    def trained(self) -> list[VariantRows]:
        """Those that are trained, the whole dataset first."""
        others = [one for one in self.variants if not one.same_as(self.base)]
        return [self.base, *others] if others else []


def prepared(run: ActiveRun, own: CurveRows, request: AblationRequest) -> Prepared:
    """Every variant, curated; UsageError where one cannot be left out. `own` are the rows that the run's student learnt."""
    again = recuration(run)
    whole = again.whole()
    names = chosen(request.without, gates_of(run), whole.variant.dropped)
    base = learnt(run, whole.variant, own)
    return Prepared(whole, base, [learnt(run, again.without(name), own) for name in names])


def planned(run: ActiveRun, found: Prepared, request: AblationRequest) -> AblationPlan:
    """Looks only."""
    kind = found.base.rows.student
    seeds = SEEDS[kind] if request.seeds is None else request.seeds
    if not 1 <= seeds <= MOST_SEEDS:
        raise UsageError(f"--seeds is {seeds}; expected 1 to {MOST_SEEDS}")
    size = size_of(found.trained or [found.base], request.rows)
    every = list(trainings(found, size, seeds))
    missing = [name for one, name in every if not is_own(run, one.rows, name) and not is_done(run, one.rows, name)]
    whole = found.whole.variant
    return AblationPlan(
        run=run.folder.name, student=kind, rows=size, seeds=seeds, test_rows=found.base.rows.tests.height,
        left_out=[
            PlannedVariant(
                one.variant.name, whole.dropped.get(one.variant.name, 0), let_in(one.variant, whole), one.same_as(found.base)
            )
            for one in found.variants
        ],
        trainings=len(every), to_train=len(missing), own=any(is_own(run, one.rows, name) for one, name in every),
        seconds=seconds_of(run, found.base.rows, missing),
    )  # fmt: skip


def trainings(found: Prepared, size: int, seeds: int) -> Iterator[tuple[VariantRows, PointName]]:
    """Seed after seed, so that one that is stopped has compared all variants as far as it went."""
    for seed in range(seeds):
        for one in found.trained:
            yield one, PointName(size, seed)
