"""What became of every line of the logs: calls + scores + batch inputs + dropped = items, and each line that is not blank is an item at least."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from distill.curate.gates.private import hidden
from distill.lifecycle.logs.clock import LogClock
from distill.records import Json

REASONS: Mapping[str, str] = {
    "torn": "no JSON, or cut off",
    "too_long": "a line, or an object, that is too long to be read",
    "unreadable_file": "the file cannot be read from there on",
    "other_shape": "none of the shapes that are known",
    "not_a_call": "no call of a model: another span, event or observation",
    "no_content": "a call whose question or answer was not recorded",
    "failed_call": "a call that ended in an error",
    "several_answers": "several answers to one question",
    "no_text": "a picture, a sound or a file",
    "other_prompt": "of another task: another system prompt",
    "other_fields": "of another task: other fields",
    "unpaired": "an answer of a batch job whose request is in no file, or a request without an answer",
}
"""Why an item is no logged call of the task's."""
KEPT = 20
"""Dropped items of each reason that are kept as examples."""


@dataclass(frozen=True, slots=True)
class DroppedItem:
    """An item of a log that was not read, and why."""

    file: str
    line: int
    item: int
    reason: str
    detail: str


@dataclass(slots=True)
class LogTally:
    """Counts, filled while the logs are read; complete once the reading has ended."""

    files: list[str] = field(default_factory=list)
    lines: int = 0
    """Lines that are not blank, or objects of a document."""
    blank: int = 0
    items: int = 0
    calls: int = 0
    scores: int = 0
    batch_inputs: int = 0
    """Requests of batch jobs that were paired with their answers."""
    private: int = 0
    unmatched_scores: int = 0
    """Scores, among those that were read, whose call is in no file."""
    shapes: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    examples: list[DroppedItem] = field(default_factory=list)
    """The first of each reason, `KEPT` at most."""
    clock: LogClock = field(default_factory=LogClock)

    def drop(self, file: str, line: int, item: int, reason: str, detail: str) -> None:
        """Count an item as dropped, and keep the first few."""
        self.dropped[reason] += 1
        if self.dropped[reason] <= KEPT:
            self.examples.append(DroppedItem(file, line, item, reason, hidden(detail, persons=True)[:300]))

    @property
    def whole(self) -> bool:
        """Whether every item is accounted for."""
        return self.items == self.calls + self.scores + self.batch_inputs + self.dropped.total()

    def plain(self) -> dict[str, Json]:
        """For JSON."""
        return {
            "files": self.files, "lines": self.lines, "blank": self.blank, "items": self.items, "calls": self.calls,
            "scores": self.scores, "unmatched_scores": self.unmatched_scores, "batch_inputs": self.batch_inputs, "private": self.private,
            "shapes": dict(sorted(self.shapes.items())),
            "dropped": dict(sorted(self.dropped.items())), "clock": self.clock.plain(),
        }  # fmt: skip

    def sentences(self) -> list[str]:
        """What a person should know of the reading, a line each."""
        said = [
            f"{count:,} {'item is' if count == 1 else 'items are'} left out: {REASONS[reason]}{self._first(reason)}"
            for reason, count in self.dropped.most_common()
        ]
        if self.unmatched_scores:
            said.append(f"{self.unmatched_scores:,} of {self.scores:,} scores are of no call in these files")
        return said + self.clock.sentences(self.calls)

    def _first(self, reason: str) -> str:
        one = next((one for one in self.examples if one.reason == reason), None)
        return "" if one is None else f" (first {one.file}:{one.line}: {one.detail})"
