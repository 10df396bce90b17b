"""student/routing.json: from which confidence on the student's answer is taken, for whoever serves student and teacher together.

    routing = routing.read(Path("student/routing.json"))
    routing.keeps(confidence=0.97, nearness=0.41)     # False: ask the teacher

docs/cascade.md lists the keys. It belongs to one student and one dataset, whose hashes it holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from distill.atomic_write import write_json
from distill.evaluate.selective import bound
from distill.evaluate.selective.cascade import Selective
from distill.evaluate.selective.threshold import ConfidenceThreshold
from distill.records import Json
from distill.rundir import read_result

FILE = "student/routing.json"
VECTORS = "student/nearest.npz"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Bound:
    """At most `risk` of the answers kept are wrong, at `confidence`; `upper` is what the calibration rows show."""

    risk: float
    confidence: float
    upper: float | None
    rows: int
    kept: int
    errors: int


@dataclass(frozen=True, slots=True)
class Routing:
    """The student's answer is taken where its confidence is above `threshold`, its form is the schema's, and its input no farther from the
    training rows than `floor`; else the teacher is asked. A `threshold` of 1 keeps nothing.
    """

    threshold: float
    signal: str
    fields: list[str]
    against: str
    bound: Bound
    floor: float
    vectors: str
    """The file of the training rows' vectors, beside this one."""
    student: str
    dataset: str
    teacher: str
    version: int = VERSION

    def keeps(self, *, confidence: float, nearness: float) -> bool:
        """Whether the student answers alone; that its answer obeys the schema is the caller's to see."""
        return nearness >= self.floor and confidence > self.threshold


def routing_of(
    found: Selective, limit: ConfidenceThreshold, *, floor: float, hashes: Mapping[str, str], teacher: str
) -> Routing:
    """`hashes` are those of the `student` and of its `dataset`."""
    shown = Bound(found.limit, bound.CONFIDENCE, limit.bound, limit.rows, limit.kept, limit.errors)
    return Routing(
        threshold=limit.confidence, signal=found.signal, fields=found.fields, against=found.against, bound=shown, floor=floor,
        vectors=Path(VECTORS).name, student=hashes["student"], dataset=hashes["dataset"], teacher=teacher,
    )  # fmt: skip


def write(path: Path, routing: Routing) -> None:
    """As JSON, whole or not at all."""
    kept: dict[str, Json] = asdict(routing)
    write_json(path, {"version": kept.pop("version"), **kept})


def read(path: Path) -> Routing:
    """What `write` wrote; UsageError where the file is none such."""
    return read_result(path, Routing)
