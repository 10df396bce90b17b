"""Tables in parts, cut where no two rows of one seed part."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from distill.executors.executor import cuts


def cut(frame: pl.DataFrame, size: int | None, *, whole: str = "seed_id") -> Iterator[pl.DataFrame]:
    """Parts of about `size` rows of a table that is sorted by `whole`: rows that have one value of it stay together.

    The table itself where there is no size or it is no larger, also where it is empty.
    """
    if size is None or frame.height <= size:
        yield frame
        return
    named, start = frame[whole], 0
    for _, stop in cuts(frame.height, size):
        at = max(stop, start)
        while 0 < at < frame.height and named[at] == named[at - 1]:
            at += 1
        if at > start:
            yield frame.slice(start, at - start)
            start = at
