"""Why rows have no answer, or none that is of use, put in a few words for the last line of a command."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from distill.rundir import read_parquet

if TYPE_CHECKING:
    from distill.flow.curated import Curated
    from distill.flow.stages import Run

_LOOKED_AT = 20_000
_SHOWN = 160


def unanswered(run: Run) -> str:
    """What most of the last sends of rows without an answer ended with; nothing where none was sent."""
    asked = read_parquet(run.folder / "asked.parquet", ["request_id"])["request_id"].to_list()[:_LOOKED_AT]
    found: Counter[str] = Counter()
    for start in range(0, len(asked), 500):
        some = asked[start : start + 500]
        for one in sorted(set(some) - run.store.held(some)):
            ended = [(row[4], row[7]) for row in run.store.attempts(one) if row[4]]
            if ended:
                found[f"{ended[-1][0]}: {str(ended[-1][1] or '').strip()}".rstrip(": ")] += 1
    if not found:
        return ""
    why, count = found.most_common(1)[0]
    said = " ".join(why.split())
    said = said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"
    return f"{said} ({count} of {found.total()})" if len(found) > 1 else said


def useless(curated: Curated) -> dict[str, int]:
    """Reason → answers, where the gates let none of them through; empty where some came through, or none came."""
    if curated.passed or curated.bench.owed:
        return {}
    found: Counter[str] = Counter()
    for step in curated.funnel:
        found.update(step.get("dropped") or {})
    return dict(found.most_common())
