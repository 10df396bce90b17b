"""What `distill calibrate` finds out: gates and judges beside what people said of the same answers."""

from __future__ import annotations

from dataclasses import dataclass

from distill.curate.calibration.stats import Agreement, Threshold
from distill.curate.gates.settings import AtLeast
from distill.errors import RowsOwed


@dataclass(frozen=True, slots=True)
class JudgePair:
    """How far two judges decide alike: the share of `n` answers, and Gwet's AC1."""

    judges: tuple[str, str]
    n: int
    same: float | None
    ac1: float | None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An answer on which the judges and people differ, for a person to look at."""

    input: str
    answer: str
    good: bool
    why: str


@dataclass(frozen=True, slots=True)
class JudgeCalibration:
    """The judges of one gate, over the answers that they were asked about: other thresholds, each alone, two by two."""

    at_least: AtLeast
    sweep: list[Threshold]
    best: Threshold | None
    alone: dict[str, Agreement]
    pairs: list[JudgePair]
    disagree: list[Disagreement]


@dataclass(frozen=True, slots=True)
class GateCalibration:
    """One gate by itself; `judges` is None where it asks none."""

    gate: str
    agreement: Agreement
    judges: JudgeCalibration | None


@dataclass(frozen=True, slots=True)
class GateLeftOut:
    """A gate that cannot look at a single answer, and why."""

    gate: str
    left_out: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """Every gate of a task and all together; `pending` is the number of rows without a verdict that may still come."""

    task: str
    gold: str
    rows: int
    good: int
    gates: list[GateCalibration | GateLeftOut]
    together: Agreement
    requests_sent: int
    usd: float | None
    unpriced_calls: int
    pending: int
    warnings: list[str]

    @property
    def exit_code(self) -> int:
        return RowsOwed.exit_code if self.pending else 0
