"""Drop every sample whose input is near a test row: what the student has seen cannot measure it."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from distill.curate.outcome import Outcome, ordered, partition
from distill.similar import nearest


def leaks(frame: pl.DataFrame, *, test_inputs: Sequence[tuple[str, str]], near: float) -> Outcome:
    """`test_inputs`: (seed_id, input) of the test rows; `near`: similarity in (0, 1] that is too near."""
    rows = ordered(frame)
    found = nearest(rows["input"].to_list(), [text for _, text in test_inputs], threshold=near)
    drops = {
        i: ("near_test_row", f"test row {test_inputs[twin[0]][0]}: similarity {twin[1]:.2f}, limit {near}")
        for i, twin in enumerate(found)
        if twin is not None
    }
    return partition(rows, drops, stage="leaks")
