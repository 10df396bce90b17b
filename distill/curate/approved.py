"""Rows whose known answer trains as it is: approved work, which gates look at and do not judge.

What a gate would drop is a warning, a row of flagged.parquet in the schema of dropped.parquet. Only what must not train
whoever approved it goes: the gates `secrets` and `pii` come first and do as they are set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby

import polars as pl

from distill.curate.gates.registry import GATES, looks_apart, run_gates
from distill.curate.gates.settings import GateSettings
from distill.executors import executor as executors
from distill.executors import frames
from distill.tables.outcome import Outcome, dropped_frame, ordered, summary
from distill.tables.remaining import RemainingRows

STAGE = "gold"
PRIVATE = ("secrets", "pii")
_NAMED = ("seed_id", "teacher", "kind", "draw", "request_id")
_SCORES = pl.selectors.starts_with("score")
"""All that a gate changes of a row."""


def check(rows: RemainingRows, gates: GateSettings) -> pl.DataFrame:
    """Run the private gates over approved samples as one step, and look at what is left with the others.

    Returned are the rows that these would have dropped, in the schema of dropped.parquet; a row may be flagged by several.
    """
    rows.run(lambda frame: private(frame, [(name, settings) for name, settings in gates if name in PRIVATE]))
    return flags(rows, gates)


def private(frame: pl.DataFrame, gates: GateSettings) -> Outcome:
    """The private gates as one step."""
    entered, clean = frame.height, run_gates(frame, gates)
    dropped = clean.dropped.with_columns(pl.lit(STAGE).alias("stage"))
    return replace(clean, dropped=dropped, report=summary(STAGE, entered, dropped))


def flags(rows: RemainingRows, gates: GateSettings) -> pl.DataFrame:
    """What the other gates would have dropped of the rows, which get their scores."""
    found, executor = [dropped_frame()], executors.current()
    for apart, some in groupby(((name, own) for name, own in gates if name not in PRIVATE), key=looks_apart):
        chosen, frame = tuple(some), rows.take()
        parts = frames.cut(frame, executor.rows if apart else None)
        del frame
        if apart and executor.rows is not None:
            looked = list(executor.map("gates of approved rows", _look, parts, chosen))
        else:
            looked = [_look(part, chosen) for part in parts]
        rows.put(pl.concat([scored for scored, _ in looked]))
        found += [flagged for _, flagged in looked]
    return pl.concat(found).sort("row", "stage", "reason")


def _look(rows: pl.DataFrame, gates: GateSettings) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(a part of the rows with the scores of some gates, what these would have dropped)."""
    found = [dropped_frame()]
    for name, settings in gates:
        rows, flagged = _looked_at(rows, name, settings)
        found.append(flagged)
    return rows, pl.concat(found)


def _looked_at(rows: pl.DataFrame, name: str, settings: Mapping[str, object]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(all rows with the scores of a gate, what it would have dropped)."""
    looked = GATES[name].apply(rows, settings)
    scores = ordered(pl.concat([part.select(*_NAMED, _SCORES) for part in (looked.kept, looked.rejected)]))
    return rows.with_columns(scores.select(_SCORES)), looked.dropped
