"""Feedback joined to the calls that are kept: each call is judged once, by the last word on it, however often that is said.

    found = joined(kept, rows, Corrections(task), run="mood/001")
    found.figures.accuracy                       over every call that was ever judged
    found.verdicts                               (day, right) of the run's calls that nobody had judged before
    found.wrong                                  wrong answers with what would have been right, as a harvest takes them

A corrected answer decides over a thumb: what is the same by the rules of the evaluation is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import polars as pl

from distill.curate.gates.private import hidden
from distill.lifecycle.harvest.harvest import AT_MOST
from distill.lifecycle.monitor.feedback.correction import BadCorrection, Corrections, digest, said
from distill.lifecycle.monitor.feedback.kept_calls import KeptCall, KeptCalls, WaitingFeedback, Word
from distill.lifecycle.monitor.feedback.result import DayAccuracy, DroppedFeedback, FeedbackFigures
from distill.lifecycle.monitor.feedback.rows import FeedbackRow
from distill.records import Json, canonical
from distill.stats import proportion

_SHOWN, _LONGEST = 5, 200
_COLUMNS: dict[str, type[pl.DataType] | pl.DataType] = {
    "file": pl.String, "line": pl.Int64, "item": pl.Int64, "time": pl.Datetime("us", "UTC"), "fields": pl.String, "labels": pl.String,
    "private": pl.Boolean, "why": pl.String, "gold": pl.String,
}  # fmt: skip
_GOLD = pl.Schema(_COLUMNS)
"""The columns of a harvest's candidates, and the known answer as JSON."""
_1970 = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LateFeedback:
    """What came of it."""

    figures: FeedbackFigures
    verdicts: Sequence[tuple[str, bool]] = ()
    wrong: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_GOLD))


def joined(
    kept: KeptCalls, rows: Iterable[FeedbackRow | DroppedFeedback], corrections: Corrections, run: str
) -> LateFeedback:
    """What the rows say of the calls that are kept; `run` is the one whose student is looked at."""
    found = _Joining(kept, corrections, run)
    for row in rows:
        found.take(row)
    for _, said_of in groupby(kept.staged(), key=lambda one: one.id):
        found.join(list(said_of))
    return found.result()


class _Joining:
    def __init__(self, kept: KeptCalls, corrections: Corrections, run: str) -> None:
        self.kept, self.corrections, self.run = kept, corrections, run
        self.counts, self.dropped = Counter[str](), Counter[str]()
        self.examples: list[DroppedFeedback] = []
        self.verdicts: list[tuple[str, bool]] = []
        self.wrong: list[tuple[Any, ...]] = []

    def take(self, row: FeedbackRow | DroppedFeedback) -> None:
        self.counts["rows"] += 1
        if isinstance(row, DroppedFeedback):
            self._drop(row)
        else:
            self.kept.stage(row.id, row.at, row.right, row.corrected, row.place)

    def join(self, rows: Sequence[WaitingFeedback]) -> None:
        """All that was said of one id."""
        calls = self.kept.named(rows[0].id)
        if len(calls) != 1:
            for one in rows:
                self._drop(DroppedFeedback(one.place, "ambiguous" if calls else "unknown", ""))
            return
        call, good = calls[0], list[WaitingFeedback]()
        for one in rows:
            try:
                good.append(one._replace(corrected=self._whole(call, one.corrected)))
            except BadCorrection as fault:
                self._drop(DroppedFeedback(one.place, "bad_correction", str(fault)))
        if good:
            self.counts["superseded"] += len(good) - 1
            self._judge(call, good)

    def result(self) -> LateFeedback:
        days = [DayAccuracy(day, proportion(good, rows)) for day, good, rows in self.kept.days(self.run)]
        good = sum(round(one.right.mean * one.right.n) for one in days)
        judged = sum(one.right.n for one in days)
        counts = self.counts
        return LateFeedback(
            FeedbackFigures(
                rows=counts["rows"], new=counts["new"], changed=counts["changed"], again=counts["again"], superseded=counts["superseded"],
                earlier=counts["earlier"], dropped=dict(self.dropped.most_common()), examples=self.examples,
                accuracy=proportion(good, judged) if judged else None, days=days, kept=self.kept.count(),
            ),
            self.verdicts, pl.DataFrame(self.wrong, schema=_GOLD, orient="row"),
        )  # fmt: skip

    def _whole(self, call: KeptCall, corrected: Json) -> Json:
        """The corrected answer as the task's answers are; None where there is none."""
        return None if corrected is None else self.corrections.whole(corrected, _answer(call))

    def _judge(self, call: KeptCall, rows: Sequence[WaitingFeedback]) -> None:
        """By the last corrected answer, else by the last thumb; what was said before stands where it counts more."""
        last = next((one for one in reversed(rows) if one.corrected is not None), rows[-1])
        whole, word = last.corrected, Word(last.corrected is not None, last.at)
        if call.right is not None and word < call.word:
            self.counts["superseded"] += 1
            return
        right = bool(last.right) if whole is None else self._is_right(call, whole)
        self.counts["again" if call.right == right else "new" if call.right is None else "changed"] += 1
        self.kept.judge(call, right, word)
        if call.right is None and call.run == self.run:
            self.verdicts.append((call.day, right))
        self.counts["earlier"] += call.right is None and call.run != self.run
        if not right:
            self._keep_wrong(call, whole)

    def _is_right(self, call: KeptCall, whole: Json) -> bool:
        answer = _answer(call)
        return digest(said(whole)) == call.digest if answer is None else self.corrections.is_right(whole, answer)

    def _keep_wrong(self, call: KeptCall, whole: Json) -> None:
        """A candidate for the seeds; of a call whose text was not kept there is none."""
        own = call.kept
        if own is None or len(self.wrong) >= AT_MOST:
            return
        time = None if own["time"] is None else _1970 + timedelta(microseconds=own["time"])
        why, gold = ("bad feedback", None) if whole is None else ("corrected", canonical(whole))
        self.wrong.append((own["file"], own["line"], own["item"], time, own["fields"], own["labels"], False, why, gold))

    def _drop(self, row: DroppedFeedback) -> None:
        self.dropped[row.reason] += 1
        if self.dropped[row.reason] <= _SHOWN:
            shown = hidden(row.detail, persons=True)[:_LONGEST]
            self.examples.append(DroppedFeedback(row.place, row.reason, shown))


def _answer(call: KeptCall) -> str | None:
    """The answer as it was given; None where it was not kept, or calls tools."""
    own = call.kept
    return None if own is None or own["masked"] or own["tool_calls"] else str(own["answer"])
