"""What was shipped, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from distill.text.percentages import percent, signed

if TYPE_CHECKING:
    from distill.ship.artefact import ShippedScore
    from distill.ship.ship import Shipped
    from distill.stats import Estimate


def ship_lines(done: Shipped) -> list[str]:
    """The files with their sizes, and how to start it."""
    size = sum(done.files.values())
    return [
        f"{done.run} shipped as {done.form}: {done.folder}, {_size(size)}",
        *(f"  {name}  {_size(count)}" for name, count in done.files.items()),
        "",
        *(line for line in done.use.splitlines() if not line.startswith("```")),
        "what it scored and how it was made: README.md there",
    ]


def score_lines(found: ShippedScore) -> list[str]:
    """What was shipped beside the student that it came from, and whether it lost anything."""
    lines = [
        f"{found.artefact}, by {found.engine}: {found.answered} of {found.rows} test rows of {found.run} answered",
        f"  shipped  {_share(found.shipped)}",
        f"  student  {_share(found.student)}",
        f"  the same answer on {found.same} of {found.answered} rows",
    ]
    gap = found.difference
    if gap is None:
        return [*lines, "nothing scores these answers"]
    span = f"{signed(gap.mean)} points ({signed(gap.low)} to {signed(gap.high)}, n = {gap.n})"
    word = "it lost" if gap.high < 0 else "it gained" if gap.low > 0 else "no loss is shown"
    return [*lines, f"{word}: {span} by {found.metric}"]


def _share(estimate: Estimate | None) -> str:
    if estimate is None:
        return "nothing to score"
    return f"{percent(estimate.mean)} ({percent(estimate.low, 0)} to {percent(estimate.high, 0)}, n = {estimate.n})"


def _size(count: int) -> str:
    return (
        f"{count / 1e9:.1f} GB"
        if count >= 1e9
        else f"{count / 1e6:.1f} MB"
        if count >= 1e5
        else f"{count / 1e3:.1f} kB"
    )
