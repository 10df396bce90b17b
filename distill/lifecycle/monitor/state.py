"""What a monitor remembers between two looks: `monitor/<task>/state.json`, written whole after each.

How far every log was read, the counts of each day, and the evidence of each signal. One process holds the folder at a time. Of another
run the counts begin anew; the logs are read on. The calls that are kept (`feedback.kept_calls`) change with it: a look ends there, and one
that was killed before it could write state.json is taken from there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from distill.atomic_write import write_atomic
from distill.errors import UsageError
from distill.folder_lock import locked
from distill.lifecycle.monitor.feedback.kept_calls import KeptCalls
from distill.lifecycle.monitor.offsets import ReadLog
from distill.lifecycle.monitor.rates.evidence import SignalEvidence
from distill.lifecycle.monitor.result import LoggedExample, SignalDay
from distill.rundir import read_result

_FILE = "state.json"
_VERSION = 1
_DAYS = 400
"""Days that are kept."""


@dataclass(frozen=True, slots=True)
class StoredDay:
    """A day with its signals by name."""

    day: str
    calls: int
    distinct: int
    signals: Mapping[str, SignalDay]


@dataclass(frozen=True, slots=True)
class MonitorState:
    """`bounds` is a hash of what the evidence was held against; `alarms` are the sentences of the last look, `raised` its days by signal."""

    run: str
    bounds: str = ""
    looked: str = ""
    logs: Sequence[ReadLog] = ()
    days: Sequence[StoredDay] = ()
    evidence: Mapping[str, SignalEvidence] = field(default_factory=dict)
    examples: Mapping[str, Sequence[LoggedExample]] = field(default_factory=dict)
    alarms: Sequence[str] = ()
    raised: Mapping[str, Sequence[str]] = field(default_factory=dict)
    look: int = 0
    """Looks so far."""
    version: int = _VERSION


@dataclass(frozen=True, slots=True)
class MonitorFolder:
    """`monitor/<task>` in the home of the task's runs."""

    path: Path
    task: str

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold it, or say who does."""
        with locked(self.path, f"monitor/{self.task}", "wait for it, then look again"):
            yield

    def read(self, run: str, kept: KeptCalls) -> MonitorState:
        """The state for a run; UsageError where the file cannot be read."""
        path = self.path / _FILE
        if not path.exists():
            kept.clear()
            return MonitorState(run)
        found, last = self._read(), kept.last_look()
        if last is not None and last[0] == found.look + 1:  # that look was killed before it wrote the file
            write_atomic(path, last[1].encode())
            found = self._read()
        return found if found.run == run else MonitorState(run, logs=found.logs, look=found.look)

    def end(self, state: MonitorState, kept: KeptCalls) -> MonitorState:
        """The state at the end of a look, kept with the calls; `write` then writes it."""
        ended = replace(state, days=state.days[-_DAYS:], look=state.look + 1)
        kept.end_look(ended.look, _text(ended))
        return ended

    def write(self, state: MonitorState) -> None:
        """Write the state of a look that has ended."""
        write_atomic(self.path / _FILE, _text(state).encode())

    def _read(self) -> MonitorState:
        path = self.path / _FILE
        try:
            found = read_result(path, MonitorState)
        except UsageError as fault:
            said = str(fault).split(";", maxsplit=1)[0]
            raise UsageError(f"{said}; move this one file away: the logs are then read from their beginning") from None
        if found.version > _VERSION:
            raise UsageError(
                f"{path} is of a later version of distill ({found.version}); use that one, or move the file away"
            )
        return found


def _text(state: MonitorState) -> str:
    return json.dumps(asdict(state), indent=2, ensure_ascii=True) + "\n"
