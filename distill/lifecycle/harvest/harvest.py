"""What a student handles badly in production → a file of seeds for the next run, and a table of every candidate that did not become one.

    harvest(batches, task=task, seeds=read_parquet(run / "seeds.parquet"), out=Path("harvested.jsonl"))

`batches` are frames of logged calls (`distill.lifecycle.logs`) with a column `why`, which says in a word or two why each is a candidate, and
perhaps `gold`, the answer that somebody knows to be right; a row that was harvested before without one is completed by it.
The file has the task's own fields and labels, and `harvested` (why), `logged_in` (the log's file and line), `logged_at` and `calls` (how many
near candidates the row stands for); `seeds.from` takes it as it is. A file that a harvest wrote before keeps its rows. Beside it stands
`harvested.dropped.parquet`. Rows that are private never leave the log, and what names a person is masked (`masking`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
import polars as pl

from distill.atomic_write import write_atomic, write_parquet
from distill.chat import conversation
from distill.errors import UsageError
from distill.lifecycle.harvest.candidates import Intake, SeedCandidate, rows_of
from distill.lifecycle.harvest.known import Known
from distill.lifecycle.logs.task_shape import TaskShape
from distill.records import Json, canonical
from distill.task.task import Task
from distill.text.normalise import one_line

AT_MOST = 50_000
"""Candidates that are looked at; more than that is no harvest but a new task."""
OWN = ("harvested", "logged_in", "logged_at", "calls")
"""The columns that a harvest adds to the task's own."""
GOLD_COLUMN = "expected"
"""What the known answers are called where the spec names no column of them."""
DROPPED = pl.Schema({"row": pl.String, "why": pl.String, "reason": pl.String, "detail": pl.String})
REASONS: Mapping[str, str] = {
    "private": "marked private",
    "over_limit": "more candidates than are looked at",
    "fields_unknown": "the log does not tell the task's fields",
    "no_label": "the log has no label that the seeds need",
    "cannot_mask": "something private is left after masking",
    "near_test_row": "near a test row",
    "near_calibration_row": "near a row for calibration",
    "shares_13_gram": "13 words in a row as in a test row",
    "near_seed": "near a row of the run's",
    "near_harvested": "near a row that was harvested before",
    "near_candidate": "near another candidate",
}
"""Why a candidate does not become a seed."""


@dataclass(frozen=True, slots=True)
class Harvest:
    """What came of it: candidates = new + completed + the sum of `dropped`."""

    path: Path
    dropped_path: Path
    candidates: int
    new: int
    before: int
    """Rows that the file had already."""
    masked: int
    """New rows in which something was masked."""
    whys: Mapping[str, int]
    dropped: Mapping[str, int]
    gold: int = 0
    """New rows with a known answer."""
    completed: int = 0
    """Rows of the file that have a known answer now."""
    gold_column: str = GOLD_COLUMN

    def plain(self) -> dict[str, Json]:
        """For JSON."""
        return {
            "path": str(self.path), "dropped_path": str(self.dropped_path), "candidates": self.candidates, "new": self.new,
            "before": self.before, "masked": self.masked, "whys": dict(self.whys), "dropped": dict(self.dropped), "gold": self.gold,
            "completed": self.completed,
        }  # fmt: skip

    def sentences(self) -> list[str]:
        """What a person should know of it, a line each."""
        rows = f"{self.new:,} new {'row' if self.new == 1 else 'rows'} of {self.candidates:,} candidates in {self.path}"
        said = [f"{rows}, masked in {self.masked:,}" if self.masked else rows]
        said += [f"  {count:,} {why}" for why, count in self.whys.items()]
        if self.gold or self.completed:
            said.append(
                f"{self.gold:,} new rows have a known answer (`{self.gold_column}`), and {self.completed:,} that were harvested before have one now"
            )
        return said + [f"{count:,} left out: {REASONS.get(reason, reason)}" for reason, count in self.dropped.items()]


def harvest(
    batches: Iterable[pl.DataFrame], *, task: Task, seeds: pl.DataFrame, out: Path, labels: Mapping[str, str] | None = None,
    at_most: int = AT_MOST,
) -> Harvest:  # fmt: skip
    """Write the seeds. `seeds` is the run's table, with roles; `labels` are values for label columns that the log does not have.

    UsageError where `out` is a file that no harvest wrote.
    """
    shape = TaskShape.of(task)
    lines, inputs = _earlier(out, shape)
    intake = Intake(shape, labels or {}, at_most)
    intake.take(batches)
    count = len(intake.kept) + len(intake.dropped)
    gold = task.spec.seeds.gold
    lines, left = _completed(lines, inputs, intake.kept, gold or GOLD_COLUMN)
    new = Known(task, seeds, inputs).new(left, intake.dropped)
    rows = [_line(one, times, gold) for one, times in new]
    write_atomic(out, b"".join([*lines, *rows]))
    beside = out.with_name(f"{out.name.removesuffix('.jsonl')}.dropped.parquet")
    write_parquet(beside, pl.DataFrame(list(rows_of(intake.dropped)), schema=DROPPED, orient="row"))
    whys, reasons = Counter(one.why for one, _ in new), Counter(one.reason for one in intake.dropped)
    masked = sum(one.masked for one, _ in new)
    return Harvest(
        out, beside, count, len(new), len(lines), masked, dict(whys.most_common()), dict(reasons.most_common()),
        gold=sum(one.gold is not None for one, _ in new), completed=len(intake.kept) - len(left), gold_column=gold or GOLD_COLUMN,
    )  # fmt: skip


def _line(one: SeedCandidate, times: int, gold: str | None) -> bytes:
    """A line of the seeds file. Where nobody knows the answer yet, its column has no value."""
    name = gold or GOLD_COLUMN
    unknown = {name: one.gold} if name not in one.fields and (gold is not None or one.gold is not None) else {}
    own = {"harvested": one.why, "logged_in": one.place, "logged_at": one.time, "calls": times}
    row = {
        **{name: value for name, value in own.items() if name not in one.fields},
        **one.labels,
        **one.fields,
        **unknown,
    }
    if isinstance(row.get(conversation.REQUEST), dict):
        row |= row.pop(conversation.REQUEST)
    return one_line(canonical(row)).encode() + b"\n"


def _completed(
    lines: Sequence[bytes], inputs: Sequence[str], candidates: Sequence[SeedCandidate], gold: str
) -> tuple[Sequence[bytes], list[SeedCandidate]]:
    """(the lines, those without a known answer with that of the candidate of the same input; the other candidates)."""
    places = {text: place for place, text in reversed(list(enumerate(inputs)))}
    found, left = list(lines), list[SeedCandidate]()
    for one in candidates:
        place = places.get(one.input)
        row = None if place is None or one.gold is None else orjson.loads(found[place])
        if place is None or row is None or row.get(gold) is not None:
            left.append(one)
            continue
        found[place] = one_line(canonical({**row, gold: one.gold})).encode() + b"\n"
    return found, left


def _earlier(out: Path, shape: TaskShape) -> tuple[Sequence[bytes], list[str]]:
    """(the lines of an earlier harvest, their inputs); nothing where there is no file yet."""
    if out.suffix != ".jsonl":
        raise UsageError(f"{out}: seeds are harvested into a file of JSON lines; give it a name that ends in .jsonl")
    if not out.exists():
        return [], []
    lines = [line for line in out.read_bytes().splitlines(keepends=True) if line.strip()]
    inputs = []
    for number, line in enumerate(lines, 1):
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            row = None
        if not isinstance(row, dict) or "harvested" not in row or any(name not in row for name in shape.variables):
            said = "no row that a harvest of this task wrote, so the file is left as it is; name another"
            raise UsageError(f"{out}:{number}: {said}")
        inputs.append(shape.input({name: row[name] for name in shape.variables}))
    whole = [line if line.endswith(b"\n") else line + b"\n" for line in lines]
    return whole, inputs
