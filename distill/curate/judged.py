"""Curation with every verdict that its judges can give now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from distill.curate import steps

if TYPE_CHECKING:
    import polars as pl

    from distill.curate.gates.judge.send import JudgeCalls
    from distill.curate.result import Curated
    from distill.generate.questions import Asked


async def curated(
    calls: JudgeCalls, table: pl.DataFrame, asked: Asked, room: Mapping[str, int] | None = None
) -> Curated:
    """Curate until no row lacks a verdict that can be had. Gates are in order, so only what one lets pass is asked of the next."""
    while True:
        found = steps.curate(
            calls.task, table, asked, calls.sender.store, calls.graph, room=room, rulings=calls.rulings
        )
        if not await calls.send(found.verdicts.unanswered):
            return found
        del found  # or the next would stand beside it
