"""Rows whose known answer trains as it is: approved work, which gates look at and do not judge.

What a gate would drop is a warning, a row of flagged.parquet in the schema of dropped.parquet. Only what must not train
whoever approved it goes: the gates `secrets` and `pii` come first and do as they are set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from distill.curate.gates.registry import GATES, run_gates
from distill.tables.outcome import Outcome, dropped_frame, ordered, summary

STAGE = "gold"
PRIVATE = ("secrets", "pii")
_NAMED = ("seed_id", "teacher", "kind", "draw", "request_id")
_SCORES = pl.selectors.starts_with("score")
"""All that a gate changes of a row."""


@dataclass(frozen=True, slots=True)
class Approved:
    """What the private gates left and dropped, and what the others would have dropped."""

    outcome: Outcome
    flagged: pl.DataFrame

    @property
    def losses(self) -> Approved:
        """Without the rows kept, as an outcome's."""
        return replace(self, outcome=self.outcome.losses)


def check(frame: pl.DataFrame, gates: Sequence[tuple[str, Mapping[str, Any]]]) -> Approved:
    """Run the gates over approved samples; a row may be flagged by several."""
    private = [(name, settings) for name, settings in gates if name in PRIVATE]
    clean = run_gates(frame, private)
    entered, rows, flags, clean = frame.height, clean.kept, [dropped_frame()], clean.losses
    del frame
    for name, settings in gates:
        if name not in PRIVATE:
            looked = GATES[name].apply(rows, settings)
            scores = ordered(pl.concat([part.select(*_NAMED, _SCORES) for part in (looked.kept, looked.rejected)]))
            rows = rows.with_columns(scores.select(_SCORES))
            flags.append(looked.dropped)
    dropped = clean.dropped.with_columns(pl.lit(STAGE).alias("stage"))
    flagged = pl.concat(flags).sort("row", "stage", "reason")
    report = summary(STAGE, entered, dropped)
    return Approved(replace(clean, kept=rows, dropped=dropped, report=report), flagged)
