"""What is ahead of a command: which of its stages is on, and how long all of them will take, where there is a basis.

The basis of a stage to come is its last time in this task. That of the stage which is on is what it says itself (`own_s`);
where it says nothing, its last time less what has passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from distill.cli.durations import SHORT_S, about, duration
from distill.teacher.progress import StageTime

_NO_DIFFERENCE_S = 5.0
"""Where all of it takes no longer than that beyond the stage, the total says nothing more."""


@dataclass(slots=True)
class Outlook:
    """The stages of a command; none known: it is one stage alone, and nothing is said of others."""

    stages: Sequence[StageTime] = ()
    at: int = 0

    def begin(self, name: str) -> None:
        """The stage of this name is on."""
        self.at = next((n for n, stage in enumerate(self.stages) if stage.name == name), self.at)

    def place(self) -> str:
        """`stage 4 of 6`; nothing where it is the only one."""
        return f"stage {self.at + 1} of {len(self.stages)}" if len(self.stages) > 1 else ""

    def heading(self) -> str:
        """The place, and how long all of it will take from here where that is long."""
        total = self.total_s(None, 0.0)
        return self.place() if total is None or total < SHORT_S else f"{self.place()}, {about(total)} left in all"

    def total_s(self, own_s: float | None, spent_s: float, *, whole: bool = False) -> float | None:
        """Seconds until the command ends; None without a basis. `whole`: `own_s` is for all that the stage still has to do."""
        later = [stage.seconds for stage in self.stages[self.at + 1 :]]
        rest = self._rest_s(own_s, spent_s, whole)
        known = [seconds for seconds in later if seconds is not None]
        return None if rest is None or not self.stages or len(known) < len(later) else rest + sum(known)

    def _rest_s(self, own_s: float | None, spent_s: float, whole: bool) -> float | None:
        if own_s is not None and whole:
            return own_s
        last = self.stages[self.at].seconds if self.stages else None
        if last is None:
            return None
        return max(last - spent_s, own_s or 0.0) if last >= spent_s else own_s

    def left(self, own_s: float | None, spent_s: float, *, whole: bool = False) -> list[str]:
        """What is left, of the stage and in all, each where it is known; else what is still to come."""
        own = [f"{duration(own_s)} left"] if own_s is not None and own_s >= 1 else []
        total = self.total_s(own_s, spent_s, whole=whole)
        if total is not None:
            return [*own, f"{about(total)} in all"] if total - (own_s or 0.0) >= _NO_DIFFERENCE_S else own
        to_come = [stage.name for stage in self.stages[self.at + 1 :]]
        if not own or not to_come:
            return own
        return [f"{own[0]} here, then {_listed(to_come)}" if whole else f"{own[0]} for these"]


def ahead_text(stages: Sequence[StageTime]) -> str:
    """What the command will do, how long each took last time, and which are unknown."""
    to_do = [stage for stage in stages if not stage.skipped]
    names = f"to do: {_listed([stage.name for stage in to_do])}"
    known = [stage.seconds for stage in to_do if stage.seconds is not None]
    if not known:
        return f"{names}; how long is not known, as none was done before in this task"
    if len(known) == len(to_do) and sum(known) < SHORT_S:
        return f"{names}; less than a minute, as last time"
    said = f"to do, with the time of last time: {_listed([_timed(stage) for stage in to_do])}"
    return said if len(known) < len(to_do) else f"{said}; {about(sum(known))} in all"


def _timed(stage: StageTime) -> str:
    if stage.seconds is None:
        return f"{stage.name} (not known)"
    return f"{stage.name} {duration(max(1.0, stage.seconds))}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
