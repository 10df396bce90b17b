"""Rows of a run with their texts, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from distill.cli.text.verdicts import verdict_lines

if TYPE_CHECKING:
    from distill.records import Json
    from distill.views.show import RowList


def row_list_lines(rows: RowList) -> list[str]:
    """How many there are by reason; then of each why it went, what was asked and what came back."""
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in rows.reasons.items())
    return [
        f"run {rows.run}: {rows.rows:,} rows {rows.what}, {len(rows.shown)} shown",
        *([f"  {reasons}"] if reasons else []),
        *(text for row in rows.shown for text in _row_lines(row)),
    ]


def _row_lines(row: Mapping[str, Json]) -> list[str]:
    why = f" · {row['stage']}: {row['reason']}: {row['detail']}" if "reason" in row else ""
    own = f" · {row['id']}" if row["id"] else ""
    return [
        f"{row['row']}{own} · {row['stratum']}{why}",
        *(f"  asked   {text}" for text in str(row["input"] or "").split("\n")[:3]),
        *(f"  answer  {text}" for text in str(row.get("answer") or "").split("\n")[:6] if text),
        *verdict_lines(row.get("verdicts") or {}),
    ]
