"""The calls of a look → those that are kept until feedback on them comes: the newest, masked.

A call without an id, or beyond the newest, is not kept; where its log holds feedback on it, that is counted all the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from hashlib import blake2b
from typing import Any

import orjson
import polars as pl

from distill.lifecycle.harvest.masking import HINT, CannotMask, masked, masked_fields
from distill.lifecycle.monitor.feedback.correction import digest
from distill.lifecycle.monitor.feedback.kept_calls import KeptCalls, NewCall
from distill.records import Json, canonical

_PLACE = ("file", "line", "item")
_TEXTS = ("fields", "labels", "answer", "tool_calls")
_OF_CALL = (*_PLACE, "id", "span", "trace", "day", "input", "private", "feedback", *_TEXTS)


class CallsToKeep:
    """Takes the calls of a look, of which the newest `most` are kept."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.without_id = 0
        self._batches = deque[pl.DataFrame]()
        self._rows = 0
        self._judged: dict[str, list[bool]] = {}

    def take(self, calls: pl.DataFrame) -> None:
        """Take a batch; what is older than the newest goes at once."""
        some = calls.select(*_OF_CALL, pl.col("time").dt.epoch("us"))
        named = pl.any_horizontal(pl.col("id", "span", "trace").is_not_null())
        self.without_id += some.filter(~named).height
        self._count(some.filter(~named))
        self._batches.append(some.filter(named))
        self._rows += self._batches[-1].height
        while self._rows - self._batches[0].height >= self.most:
            first = self._batches.popleft()
            self._rows -= first.height
            self._count(first)
            if not self._batches:
                break

    def write(self, run: str, kept: KeptCalls) -> None:
        """Keep them, as calls that the student of a run answered."""
        for day, right in self._judged.items():
            kept.judged_unkept(run, day, right)
        for batch in self._batches:
            kept.add(run, _new_calls(batch))
        kept.evict(self.most)
        self._batches.clear()

    def _count(self, calls: pl.DataFrame) -> None:
        for day, right in calls.drop_nulls("feedback").select("day", "feedback").iter_rows():
            self._judged.setdefault(day, []).append(right)


def _new_calls(calls: pl.DataFrame) -> Iterator[NewCall]:
    suspect = calls.select(pl.any_horizontal(pl.col(*_TEXTS).str.contains(HINT)).fill_null(False)).to_series()
    for row, look in zip(calls.iter_rows(named=True), suspect, strict=True):
        found = digest(row["answer"], row["tool_calls"])
        yield NewCall(
            _ids(row["id"], row["span"]), row["trace"], row["day"], _same(row["input"], row["answer"], row["tool_calls"]), found,
            row["feedback"], None if row["private"] else _kept(row, suspect=look),
        )  # fmt: skip


def without_kept(calls: pl.DataFrame, kept: KeptCalls, files: Collection[str]) -> pl.DataFrame:
    """The calls, less those of `files` that are kept already: documents that are exported again hold what an earlier look has read."""
    again = [
        name in files and kept.has(_ids(call, span), _same(*said))
        for name, call, span, *said in calls.select("file", "id", "span", "input", "answer", "tool_calls").iter_rows()
    ]
    return calls.filter(~pl.Series(again, dtype=pl.Boolean))


def _ids(call: str | None, span: str | None) -> tuple[str, ...]:
    return tuple(name for name in (call, span) if name)


def _same(*said: str) -> bytes:
    return blake2b("\0".join(said).encode("utf-8", "replace"), digest_size=12).digest()


def _kept(row: Mapping[str, Any], *, suspect: bool) -> dict[str, Json] | None:
    """What is kept of a call that is not private; None where it cannot be masked. `masked` says that the answer is not the one that was given."""
    own = {name: row[name] for name in (*_PLACE, "time", *_TEXTS)}
    if suspect:
        try:
            own |= {
                name: canonical(masked_fields(orjson.loads(own[name]))) for name in ("fields", "labels") if own[name]
            }
            own |= {name: masked(own[name]) for name in ("answer", "tool_calls")}
        except CannotMask:
            return None
    changed = any(own[name] != row[name] for name in ("answer", "tool_calls"))
    return own | {"masked": changed}
