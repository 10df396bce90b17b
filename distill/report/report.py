"""The report of a run as one value: report.json holds it, `report.page` draws it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from distill.advise.roi.roi import Roi
from distill.evaluate.ablation.result import Ablation
from distill.evaluate.comparison import Comparison
from distill.evaluate.curve.result import LearningCurve
from distill.evaluate.worst import WorstAnswer
from distill.exam.result import Exam
from distill.records import Json
from distill.report.curation import CurationSection
from distill.report.diff.run_diff import RunDiff
from distill.report.sections.heat_map import HeatMap
from distill.report.spending import SpendingLine
from distill.report.timeline import Timeline
from distill.teacher.store.endpoint_totals import EndpointTotals

_FLAT = ("comparison", "curation")
"""Parts whose keys stand at the top of report.json."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Which run it is, of which spec, made when and with which versions."""

    folder: str
    number: int
    spec: str
    started: str
    finished: str
    distill_version: str
    python: str
    packages: dict[str, str]


@dataclass(frozen=True, slots=True)
class TeacherFacts:
    """Who was asked, and on what terms."""

    model: str
    terms: str | None


@dataclass(frozen=True, slots=True)
class StudentFacts:
    """Which base was trained, and how; no base where nothing was, or what learnt is no language model."""

    base: str
    with_: str
    engine: str = ""
    """What answered for base and student; empty where none was asked."""


@dataclass(frozen=True, slots=True)
class DatasetSize:
    """Rows by what they are for, and the tokens of the answers that train or validate."""

    train: int
    valid: int
    test: int
    tokens: int


@dataclass(frozen=True, slots=True)
class PreviousStudent:
    """In a refresh: how the new student does beside that of the run before."""

    run: str
    sentences: list[str]
    changes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the report shows. `funnel`, `total`, `strata`, `loss` and `expect` are as their own files have them."""

    title: str
    about: str
    run: RunFacts
    teacher: TeacherFacts
    student: StudentFacts
    comparison: Comparison
    exam: Exam | None
    """The teacher's, where it took one."""
    funnel: Sequence[Mapping[str, Json]]
    total: Mapping[str, int] | None
    strata: Mapping[str, Sequence[Mapping[str, Json]]]
    curation: CurationSection
    loss: Sequence[Mapping[str, float | None]]
    learning_curves: Mapping[str, LearningCurve]
    """By the kind of student; none where none was drawn of this dataset."""
    hosted: Mapping[str, Json]
    """The job that tuned the student, as student/hosted.json has it; empty where none did."""
    spend: list[SpendingLine]
    timeline: Timeline | None
    expect: Sequence[Mapping[str, Json]]
    dataset: DatasetSize
    repeat: list[str]
    """Commands that make the run again."""
    warnings: list[str]
    """Those of the comparison too."""
    previous: PreviousStudent | None
    roi: Roi | None = None
    """With defaults; None before student and teacher have answered."""
    endpoints: Sequence[EndpointTotals] = ()
    """Each endpoint, where several were one teacher."""
    heat_map: HeatMap | None = None
    """By two labels of the test rows; None where they have no two."""
    best: Sequence[WorstAnswer] = ()
    """The answers in which the student is most ahead of the teacher."""
    ablations: Mapping[str, Ablation] = field(default_factory=dict)
    """By the kind of student; none where none was made of this dataset."""
    models: Mapping[str, str] = field(default_factory=dict)
    """Arm → what answered, in a few words."""
    run_diff: RunDiff | None = None
    """Beside the run before; None where there is none."""


def as_json(report: Report) -> dict[str, Json]:
    """The report as report.json has it: the keys of the comparison and of curation stand beside the others."""
    parts = asdict(report, dict_factory=lambda pairs: {name.rstrip("_"): value for name, value in pairs})
    flat: dict[str, Json] = {}
    for name, value in parts.items():
        flat |= value if name in _FLAT else {name: value}
    return flat
