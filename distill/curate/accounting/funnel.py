"""The funnel: a line for each step that rows went through, with what came in, was kept and was dropped for which reason.

`conservation` checks that the lines lead from the seeds read to the dataset without a gap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from distill.records import Json

if TYPE_CHECKING:
    import polars as pl

    from distill.generate.questions import TeacherQuestion
    from distill.generate.seed_status import SeedStatus
    from distill.tables.outcome import Outcome

_NO_LINES = ("graph", "test", "calibration", "expand", "sources")
"""What seeds.json says beside the line of the seeds read."""


@dataclass(frozen=True, slots=True)
class FunnelLine:
    """What a step did to the rows that came into it."""

    stage: str
    entered: int
    kept: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Reason → rows."""
    aside: int = 0
    """Rows that were set aside for the test, or to calibrate."""
    asked: int = 0
    """Of approved rows those that a teacher had answered before a person decided them."""
    notes: Mapping[str, Json] = field(default_factory=dict)
    """What the step has to say beside."""

    @property
    def left(self) -> int:
        """Rows that were dropped or set aside."""
        return sum(self.dropped.values()) + self.aside

    @property
    def warning(self) -> str:
        """What a person should know of the step; empty where there is nothing."""
        return str(self.notes.get("warning", ""))

    def as_json(self) -> dict[str, Json]:
        """The line as funnel.json holds it."""
        counts = {"stage": self.stage, "in": self.entered, "kept": self.kept, "dropped": dict(self.dropped)}
        extra = {"aside": self.aside, "asked": self.asked}
        return {**counts, **{name: count for name, count in extra.items() if count}, **self.notes}


_BEFORE_ASKING = ("seeds", "test", "calibration", "expand", "ask")


def reasons(funnel: Iterable[FunnelLine]) -> dict[str, int]:
    """Reason → rows that were dropped for it once they were asked or approved, the commonest first."""
    counts = Counter[str]()
    for line in funnel:
        if line.stage not in _BEFORE_ASKING:
            counts.update(line.dropped)
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def line_of(report: Mapping[str, Json]) -> FunnelLine:
    """The line of a step's report, or of what funnel.json holds."""
    known = ("stage", "in", "kept", "dropped", "aside", "asked")
    stage, entered, kept, dropped = (report[name] for name in known[:4])
    notes = {name: value for name, value in report.items() if name not in known}
    return FunnelLine(stage, entered, kept, dropped, report.get("aside", 0), report.get("asked", 0), notes)


def answer_lines(
    asked: Sequence[TeacherQuestion], seeds: SeedStatus, unanswered: pl.DataFrame, steps: Iterable[Outcome]
) -> list[FunnelLine]:
    """From the seeds that may be asked to the dataset: asking, answers, and the steps of curation."""
    idle, declined = len(seeds.unasked), dict(sorted(Counter(unanswered["reason"].to_list()).items()))
    dropped = {"not_asked": idle} if idle else {}
    return [
        FunnelLine("ask", seeds.askable, seeds.askable - idle, dropped),
        FunnelLine("answer", len(asked), len(asked) - unanswered.height, declined),
        *(line_of(step.report) for step in steps),
    ]


def run_lines(seeds: Mapping[str, Json], answers: Sequence[FunnelLine]) -> list[FunnelLine]:
    """All of a run: its seeds as seeds.json has them, and the `answer_lines`."""
    read = line_of({name: value for name, value in seeds.items() if name not in _NO_LINES})
    aside, apart, made = seeds["test"]["got"], seeds.get("calibration", {}).get("got", 0), seeds.get("expand")
    test = FunnelLine("test", read.kept, read.kept - aside, aside=aside)
    calibration = [FunnelLine("calibration", test.kept, test.kept - apart, aside=apart)] if apart else []
    return [read, test, *calibration, *([line_of(made)] if made else []), *answers]
