"""An ablation as values: what ablation.json of a run's folder holds, by the kind of student.

    {"key": "3f9c…", "ablations": {"linear": {…}, "lora": {…}}}

`key` is of the dataset and of what was dropped from it; where the run's are others by now, the ablations are not its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distill.evaluate.curve.result import SeedScore, dataset_key
from distill.records import content_id
from distill.rundir import RunDir, file_hash, read_result
from distill.stats import Estimate

FILE = "ablation.json"
FOLDER = "ablation"
"""Of a run's folder: what each training learnt, its model and its answers."""
_CURATED = ("samples.parquet", "dropped.parquet")


@dataclass(frozen=True, slots=True)
class VariantCounts:
    """What became of the rows of one variant: answers = dropped + aside + cut + trained."""

    answers: int
    """Answers and approved rows that came in."""
    dropped: int
    """By all that was not left out."""
    aside: int
    """Rows of the dataset that this student does not learn: those for validation, or that a linear model cannot read."""
    cut: int
    """Rows that others have too few of: every variant is trained on as many."""
    trained: int

    @property
    def add_up(self) -> bool:
        """Whether no row is lost."""
        return self.answers == self.dropped + self.aside + self.cut + self.trained

    @property
    def dataset(self) -> int:
        """Rows of the dataset."""
        return self.answers - self.dropped


@dataclass(frozen=True, slots=True)
class VariantScore:
    """One variant on the test rows: over all seeds, with its interval, and each seed's own."""

    score: Estimate
    seeds: Sequence[SeedScore]


@dataclass(frozen=True, slots=True)
class DropPrice:
    """What a gate has cost in the run, in dollars; None where nobody knows."""

    answers_usd: float | None
    """Answers that were bought, and dropped by it."""
    verdicts_usd: float | None
    """Verdicts of judges that it asked for."""

    @property
    def usd(self) -> float | None:
        """Both together."""
        return None if self.answers_usd is None or self.verdicts_usd is None else self.answers_usd + self.verdicts_usd


@dataclass(frozen=True, slots=True)
class AblationAdvice:
    """`worth`, `harmful`, `even` (a difference that does not matter), `undecided` or `no_rows`, and the sentence that says why."""

    word: str
    sentence: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One gate or step, and the student without it."""

    name: str
    dropped: int
    """Rows that it dropped in the run."""
    let_in: int
    """Rows that are in the dataset only without it."""
    unjudged: int
    """Rows that wait for a verdict of a later gate without it, which is not bought here: they stay out."""
    counts: VariantCounts
    price: DropPrice
    without: VariantScore | None
    """None where the student would learn the same rows: then nothing was trained."""
    effect: Estimate | None
    """With it minus without it, row by row; positive where it helps."""
    sure: Sequence[float]
    """(low, high) of the effect such that all of them hold together with 95 % (Bonferroni); empty without an effect."""
    advice: AblationAdvice


@dataclass(frozen=True, slots=True)
class Ablation:
    """What each gate of a run is worth to one kind of student, trained on equally many rows with and without it."""

    run: str
    student: str
    """lora or linear."""
    metric: str
    """Empty where nothing was trained."""
    measure: str
    """What a score is a share of, e.g. "of the fields right"."""
    test_rows: int
    scored: int
    """Test rows that every training could be scored on."""
    rows: int
    """Training rows of every variant."""
    seeds: int
    interval: str
    """How the intervals were made, in words."""
    counts: VariantCounts
    """Of the run as it is."""
    whole: VariantScore | None
    """The run as it is, nothing left out; None where no variant has other rows: then nothing was trained."""
    left_out: Sequence[LeftOut]


@dataclass(frozen=True, slots=True)
class AblationFile:
    """What ablation.json holds."""

    key: str
    ablations: Mapping[str, Ablation]


def ablation_key(folder: RunDir) -> str:
    """Equal for an equal dataset of which the same was dropped."""
    return content_id(dataset_key(folder), [file_hash(folder / name) for name in _CURATED])


def read_ablations(folder: RunDir) -> dict[str, Ablation]:
    """The ablations of a run's present dataset, by the kind of student; those of an earlier dataset are left out."""
    path = folder / FILE
    if not path.exists():
        return {}
    found = read_result(path, AblationFile)
    return dict(found.ablations) if found.key == ablation_key(folder) else {}
