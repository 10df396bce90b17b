"""What other settings would make of a run's answers, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distill.views.what_if import WhatIf

_SHOWN = 5


def what_if_lines(result: WhatIf) -> list[str]:
    """Rows now and then, and only the strata, reasons and seeds that change."""
    now, then = result.kept
    said = [
        f"run {result.run} with {', '.join(result.changes)}: {now} rows now, {then} then; nothing was sent or written"
    ]
    for title, rows in (("stratum", result.strata), ("dropped", result.reasons)):
        said += [f"  {title:8} {row.name:40} {row.now:>7,} → {row.then:,}" for row in rows if row.now != row.then]
    for word, seeds in (("leave", result.leave), ("come", result.come)):
        if seeds:
            more = f" and {len(seeds) - _SHOWN} more" if len(seeds) > _SHOWN else ""
            said.append(f"  {len(seeds)} {word}: {', '.join(seeds[:_SHOWN])}{more}")
    return said
