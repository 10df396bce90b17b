"""Logs of production → batches of logged calls in the columns of `columns.LOGGED`, and a tally of everything else.

    tally = LogTally()
    for calls in read_logs([Path("logs")], TaskShape.of(task), tally=tally):
        …                                                   # a polars frame of up to 20,000 rows
    tally.sentences()                                       # what was left out, and why; complete once the loop has ended

The shape is recognised line by line, so that one file may hold several. What is held in memory is one batch, the scores and the requests of batch
jobs that stand in files of their own (`joined.MOST`), and one line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from distill import finish_reason
from distill.chat.content import kind
from distill.lifecycle.logs import feedback
from distill.lifecycle.logs.call import LogColumns, Logged, LoggedCall, LoggedScore, NoCall
from distill.lifecycle.logs.columns import LOGGED
from distill.lifecycle.logs.files import log_files
from distill.lifecycle.logs.joined import LoggedRequests, Scores, apart_first
from distill.lifecycle.logs.objects import BLANK, Torn, objects
from distill.lifecycle.logs.shapes import fields, langfuse, openai, otel
from distill.lifecycle.logs.shapes.lookup import is_marked, is_turns, named
from distill.lifecycle.logs.tally import LogTally
from distill.lifecycle.logs.task_shape import TaskShape
from distill.records import Json, canonical
from distill.values.confidence import of_tokens

BATCH = 20_000
AS_NAMED = LogColumns()


def read_logs(
    paths: Sequence[Path],
    shape: TaskShape,
    *,
    columns: LogColumns = AS_NAMED,
    tally: LogTally | None = None,
    scores: Scores | None = None,
    rows: int = BATCH,
) -> Iterator[pl.DataFrame]:
    """The calls of the task, in the order of the files and their lines. SpecError where a path is no log. `scores` are filled with those
    that stand apart from their calls."""
    tally = LogTally() if tally is None else tally
    files = apart_first(log_files(paths))
    tally.files = [str(path) for path in files]
    reader = LogReader(shape, columns, tally, scores)
    for path in files:
        tally.clock.file()
        for line, value in objects(path):
            reader.take(path.name, line, value)
            if len(reader.rows) >= rows:
                yield reader.batch()
    reader.end()
    if reader.rows:
        yield reader.batch()


class LogReader:
    """Takes the lines of logs one by one; holds the rows of the batch that is being read."""

    def __init__(self, shape: TaskShape, columns: LogColumns, tally: LogTally, scores: Scores | None = None) -> None:
        self.shape, self.named, self.tally = shape, columns, tally
        self.requests, self.scores = LoggedRequests(), Scores() if scores is None else scores
        self.rows: list[tuple[Any, ...]] = []

    def batch(self) -> pl.DataFrame:
        """The frame of the rows so far, which are then forgotten."""
        found = pl.DataFrame(self.rows, schema=_SPELT, orient="row")
        self.rows.clear()
        return found.with_columns(pl.col("time").cast(LOGGED["time"]))

    def take(self, file: str, line: int, value: Json) -> None:
        """Read one line, or one object of a document."""
        tally = self.tally
        if value is BLANK:
            tally.blank += 1
            return
        tally.lines += 1
        try:
            for item, found in enumerate(self._found(value)):
                tally.items += 1
                self._count(file, line, item, found)
        except RecursionError:
            tally.items += 1
            tally.drop(file, line, 0, "other_shape", "nested too deep")

    def end(self) -> None:
        """Count what was to be paired and was not."""
        for file, line, custom_id in self.requests.left():
            self.tally.batch_inputs -= 1
            self.tally.drop(file, line, 0, "unpaired", f"the request {custom_id[:60]!r} has no answer in any file")
        self.tally.unmatched_scores = self.scores.unmatched

    def _found(self, value: Json) -> Iterator[Logged | NoCall]:
        """What a value is: calls, scores, and why the rest is neither."""
        if isinstance(value, Torn):
            yield NoCall(value.reason, value.detail)
        elif not isinstance(value, dict):
            yield NoCall("other_shape", f"{kind(value)}, expected an object")
        elif otel.is_otel(value):
            yield from otel.read(value)
        elif langfuse.is_langfuse(value):
            yield from langfuse.read(value)
        elif isinstance(value.get("data"), list) and "meta" in value:  # a page of an API's
            for row in value["data"] or [{}]:
                yield from self._found(row)
        else:
            try:
                yield self._flat(value)
            except NoCall as none:
                yield none

    def _flat(self, row: Mapping[str, Json]) -> Logged:
        """A line that is one call: of the task's own fields, or of an API."""
        given = fields.fields_of(row, self.shape.variables)
        if given is not None and not any(is_turns(one) for one in given.values()):
            answer = fields.answer_name(row, self.named, self.shape.variables)
            if answer is None:
                raise NoCall("no_content", "the task's fields without an answer")
            return fields.read(row, given, answer)
        if openai.is_openai(row):
            return openai.read(row, self.requests)
        if fields.answer_name(row, self.named, self.shape.variables) is not None:
            missing = ", ".join(name for name in self.shape.variables if name not in row)
            raise NoCall("other_fields", f"no {missing}; it has {', '.join(sorted(row))[:80]}")
        raise NoCall("other_shape", f"it has {', '.join(sorted(row))[:80] or 'nothing'}")

    def _count(self, file: str, line: int, item: int, found: Logged | NoCall) -> None:
        tally = self.tally
        if isinstance(found, LoggedCall):
            try:
                self.rows.append(self._row(file, line, item, found))
            except NoCall as none:
                tally.drop(file, line, item, none.reason, str(none))
                return
            tally.calls += 1
            tally.shapes[found.shape] += 1
        elif isinstance(found, NoCall):
            tally.drop(file, line, item, found.reason, str(found))
        elif isinstance(found, LoggedScore):
            if self.scores.add(found):
                tally.scores += 1
            else:
                tally.drop(
                    file, line, item, "unpaired", f"the score {found.name[:60]!r} names no call, or there are too many"
                )
        elif self.requests.add(file, line, found):
            tally.batch_inputs += 1
        else:
            tally.drop(
                file, line, item, "unpaired", f"the request {found.custom_id[:60]!r} came before, or there are too many"
            )

    def _row(self, file: str, line: int, item: int, call: LoggedCall) -> tuple[Any, ...]:
        """A call in the order of LOGGED."""
        said, given = self.shape.told(call.asked)
        beside, columns = call.beside, self.named
        scores = {**call.scores, **self.scores.of(call.id, call.span, call.trace)}
        if columns.feedback and (own := named(columns.feedback, beside)) is not None:
            scores[columns.feedback] = own
        private = is_marked(named(columns.private, beside))
        self.tally.private += private
        labels = {name: own for name in self.shape.columns if (own := named(name, beside)) is not None}
        return (
            file, line, item, call.shape, self.tally.clock.seen(named(columns.time, beside) if columns.time else call.time), call.id, call.trace,
            call.span, said, canonical(given) if given is not None else None, canonical(labels) if labels else "{}", call.answer, call.tool_calls,
            call.refusal, _ended(call.finish_reason), call.model, feedback.verdict(scores, columns.feedback) if scores else None,
            canonical(scores) if scores else None, self._confidence(call), private, call.latency_s, call.prompt_tokens, call.completion_tokens,
        )  # fmt: skip

    def _confidence(self, call: LoggedCall) -> float | None:
        """As it was logged, or from the log probabilities of the answer's tokens."""
        own = named("confidence", call.beside)
        if isinstance(own, int | float) and not isinstance(own, bool) and 0 <= own <= 1:
            return float(own)
        return of_tokens(call.answer, call.logprobs, self.shape.compared) if call.logprobs else None


_SPELT = pl.Schema({name: pl.Int64() if name == "time" else kind for name, kind in LOGGED.items()})
"""The columns as rows are put together: a time is a number of microseconds."""


@lru_cache(maxsize=256)
def _ended(word: str | None) -> str | None:
    return None if word is None else finish_reason.canonical(word)
