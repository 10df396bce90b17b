"""Logged calls, batch by batch → counts of each day by signal, and a few calls to look at.

A call that repeats another of its day, with the same answer, counts once: a client that tries again a thousand times is one input. Calls
without a time that can be read, or with one after tomorrow, are of the day of the look.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from distill.lifecycle.harvest.candidates import NEEDED
from distill.lifecycle.harvest.harvest import AT_MOST
from distill.lifecycle.monitor.day_sample import CHANCE, SAMPLED, DaySample, chance
from distill.lifecycle.monitor.feedback.keeping import CallsToKeep
from distill.lifecycle.monitor.offsets import LogPart
from distill.lifecycle.monitor.rates.answer_flags import answer_flags
from distill.lifecycle.monitor.rates.baseline import Baseline
from distill.lifecycle.monitor.rates.known_inputs import input_flags, label_flag
from distill.lifecycle.monitor.rates.signals import FAR, FEEDBACK, HANDED_ON, LENGTH, SHOWS, SIGNALS, STRATUM

_SAME = ("answer", "tool_calls", "refusal", "finish_reason")
_SHOWN = 6
"""Calls of each signal that are kept to be shown."""
Hashes = NDArray[np.uint64]


@dataclass(slots=True)
class DayCounts:
    """A day's calls; `signals` are (hits, rows that say anything) by signal, some of them in a sample of the inputs alone."""

    calls: int = 0
    distinct: int = 0
    signals: dict[str, list[int]] = field(default_factory=dict)
    sample: DaySample | None = None

    def add(self, name: str, flags: pl.Series) -> None:
        """Count the flags of some calls."""
        hits, rows = self.signals.setdefault(name, [0, 0])
        told = flags.drop_nulls()
        self.signals[name] = [hits + int(told.sum()), rows + told.len()]

    def sampled(self, calls: pl.DataFrame) -> None:
        """Take calls into the sample, and count what it holds now."""
        if self.sample is not None:
            self.sample.take(calls)
            self.signals.update(self.sample.counts())


@dataclass(slots=True)
class LogIntake:
    """Takes batches of logged calls in; `today` is the day of the look."""

    baseline: Baseline
    gates: Mapping[str, Mapping[str, object]]
    today: str
    near_rows: int
    sampled: int
    """Calls that are kept for the teacher, those with the lowest hash."""
    keep: CallsToKeep
    """Those that wait for feedback."""
    harvests: bool = False
    """Whether calls that the student handles badly are kept, each with `why`."""
    days: dict[str, DayCounts] = field(default_factory=dict)
    models: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    again: int = 0
    """Calls that an earlier look has read, in another version of their document."""
    inputs: int = 0
    """Distinct inputs, of which `near` are in the days' samples."""
    sample: pl.DataFrame = field(default_factory=pl.DataFrame)
    shown: dict[str, pl.DataFrame] = field(default_factory=dict)
    misses: list[pl.DataFrame] = field(default_factory=list)
    _seen: dict[str, Hashes] = field(default_factory=dict)

    def take(self, batch: pl.DataFrame, parts: Mapping[str, LogPart]) -> None:
        """Count a batch; `parts` are the files that it was read from."""
        batch = _placed(batch, parts)
        batch = batch.with_columns(self._day_of())
        self.keep.take(batch)
        self.calls += batch.height
        self.models.update(dict(batch["model"].drop_nulls().value_counts().iter_rows()))
        for day, count in batch["day"].value_counts().iter_rows():
            self._day(day).calls += count
        calls = self._flagged(self._distinct(batch))
        for (day,), some in calls.group_by("day"):
            counts = self._day(str(day))
            counts.distinct += some.height
            counts.sampled(some)
            for name in self.signals(calls):
                if name not in SAMPLED:
                    counts.add(name, some[SHOWS + name])
        self._keep(calls)
        if self.harvests and sum(one.height for one in self.misses) < AT_MOST:
            self.misses.append(_missed(calls, [name for name in self.signals(calls) if name != LENGTH]))

    def judge(self, verdicts: Sequence[tuple[str, bool]]) -> None:
        """Count feedback that came later: (day of the call, whether it was right)."""
        for day, right in verdicts:
            signals = self._day(day).signals
            hits, rows = signals.get(FEEDBACK, (0, 0))
            signals[FEEDBACK] = [hits + (not right), rows + 1]

    def _day_of(self) -> pl.Expr:
        """The day of a call: today, where its clock says nothing, or is ahead by more than a day."""
        tomorrow, day = (
            (date.fromisoformat(self.today) + timedelta(1)).isoformat(),
            pl.col("time").dt.date().cast(pl.String),
        )
        return pl.when(day <= tomorrow).then(day).otherwise(pl.lit(self.today)).alias("day")

    def signals(self, calls: pl.DataFrame) -> list[str]:
        """The signals that have a column."""
        return [name.removeprefix(SHOWS) for name in calls.columns if name.startswith(SHOWS)]

    @property
    def near(self) -> int:
        """Inputs whose distance counts."""
        return sum(day.sample.inputs for day in self.days.values() if day.sample is not None)

    def _day(self, day: str) -> DayCounts:
        return self.days.setdefault(day, DayCounts(sample=DaySample(self.near_rows)))

    def _distinct(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The calls that do not repeat one of their day; of several with feedback a bad one counts."""
        once = batch.sort("feedback", nulls_last=True, maintain_order=True).unique(
            ["day", "input", *_SAME], keep="first", maintain_order=True
        )
        once = once.with_columns(once.select(pl.struct("input", *_SAME).hash()).to_series().alias("same"))
        kept = list[pl.DataFrame]()
        for (day,), some in once.group_by("day", maintain_order=True):
            hashes, seen = some["same"].to_numpy(), self._seen.get(str(day), np.zeros(0, dtype=np.uint64))
            place = np.searchsorted(seen, hashes)
            known = (
                (seen[np.minimum(place, len(seen) - 1)] == hashes)
                if len(seen)
                else np.zeros(len(hashes), dtype=np.bool_)
            )
            self._seen[str(day)] = np.sort(np.concatenate([seen, hashes[~known]]))
            kept.append(some.filter(pl.Series(~known)))
        return pl.concat(kept).drop("same") if kept else once.drop("same")

    def _flagged(self, calls: pl.DataFrame) -> pl.DataFrame:
        """The calls with a column a signal."""
        calls = calls.with_columns(chance())
        texts = calls["input"].unique(maintain_order=True)
        self.inputs += texts.len()
        shares = pl.col("day").replace_strict(
            {day: counts.sample.share for day, counts in self.days.items() if counts.sample}, return_dtype=pl.Float64
        )
        wanted = set(calls.filter(pl.col(CHANCE) < shares)["input"])
        near = [place for place, text in enumerate(texts) if text in wanted]
        about = input_flags(texts.to_list(), self.baseline.known, near=near)
        found = calls.join(about, on="input", how="left", maintain_order="left")
        found = pl.concat([found, answer_flags(found, self.gates)], how="horizontal")
        labels = self.baseline.known.labels
        if labels:
            flags = [label_flag(one, labels) for one in found["labels"]]
            found = found.with_columns(pl.Series(SHOWS + STRATUM, flags, dtype=pl.Boolean))
        return found.with_columns((~pl.col("feedback")).alias(SHOWS + FEEDBACK), *self._handed_on(found))

    def _handed_on(self, calls: pl.DataFrame) -> list[pl.Expr]:
        """Calls that the cascade would not leave to the student, where the log says how sure it was."""
        found = self.baseline.routing
        if found is None or calls["confidence"].null_count() == calls.height:
            return []
        far, unsure = pl.col("nearness") < found.floor, pl.col("confidence") <= found.threshold
        broken = pl.col(SHOWS + "schema") if SHOWS + "schema" in calls.columns else pl.lit(False)
        told = pl.col("confidence").is_not_null() & pl.col("nearness").is_not_null()
        return [pl.when(told).then(far | unsure | broken).alias(SHOWS + HANDED_ON)]

    def _keep(self, calls: pl.DataFrame) -> None:
        """What is shown of each signal, and the sample for the teacher; of private rows nothing."""
        public = calls.filter(~pl.col("private").fill_null(False))
        for name in self.signals(calls):
            hits = public.filter(pl.col(SHOWS + name))
            if hits.height:
                self.shown[name] = _some(name, self.shown.get(name), hits)
        if self.sampled and public.height:
            own = public.unique("input", maintain_order=True).with_columns(pl.col("input").hash(11).alias("chance"))
            pool = pl.concat([self.sample, own], how="diagonal") if self.sample.height else own
            self.sample = pool.unique("input", maintain_order=True).bottom_k(self.sampled, by="chance")


def _missed(calls: pl.DataFrame, signals: Sequence[str]) -> pl.DataFrame:
    """The calls that show a signal, with the first that they show."""
    why = pl.coalesce(*(pl.when(pl.col(SHOWS + name)).then(pl.lit(SIGNALS[name].title.lower())) for name in signals))
    return calls.with_columns(why.alias("why")).drop_nulls("why").select(NEEDED)


def _placed(batch: pl.DataFrame, parts: Mapping[str, LogPart]) -> pl.DataFrame:
    """With the names of the logs and the lines in them, of which a part is a copy."""
    names = {file: part.name for file, part in parts.items()}
    lines = {file: part.before for file, part in parts.items()}
    return batch.with_columns(
        pl.col("file").replace(names),
        pl.col("line") + pl.col("file").replace_strict(lines, default=0, return_dtype=pl.Int64),
    )


def _some(name: str, before: pl.DataFrame | None, hits: pl.DataFrame) -> pl.DataFrame:
    """A few calls: of far inputs the farthest, of others the first, each input once."""
    pool = (hits if before is None else pl.concat([before, hits], how="diagonal")).unique("input", maintain_order=True)
    return (pool.sort("nearness", nulls_last=True, maintain_order=True) if name == FAR else pool).head(_SHOWN)
