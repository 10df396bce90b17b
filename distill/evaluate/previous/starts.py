"""Two adapters of one refresh, one that began with the weights of the last and one that began afresh: which is kept, and why.

Both learnt from the same rows and answered the same test rows. A difference that its 95 % interval shows decides; else the lower validation loss;
and where even that is the same, or not known, the one that began afresh, for nothing of earlier runs is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from distill.rundir import read_json
from distill.stats import Estimate
from distill.student.hosted.stage import LOSSES
from distill.text.percentages import signed

Start = Literal["last", "fresh"]


@dataclass(frozen=True, slots=True)
class StartChoice:
    """The start that is kept, its run, and the sentence that says why."""

    kept: Start
    run: str
    why: str


def choose(gap: Estimate | None, losses: Mapping[str, float | None], runs: Mapping[str, str]) -> StartChoice:
    """`gap` is afresh minus last on the same test rows; `losses` are the lowest on the validation rows."""
    if gap is None:
        said = "no test row was scored for both"
    else:
        said = (
            f"afresh minus from last {signed(gap.mean)} points ({signed(gap.low)} to {signed(gap.high)}, n = {gap.n})"
        )
        if gap.low > 0 or gap.high < 0:
            kept: Start = "fresh" if gap.low > 0 else "last"
            return StartChoice(kept, runs[kept], f"{said}: clearly better")
    last, fresh = losses["last"], losses["fresh"]
    if last is None or fresh is None:
        return StartChoice(
            "fresh", runs["fresh"], f"{said}, and no validation loss is known: afresh holds nothing of earlier runs"
        )
    kept = "last" if last < fresh else "fresh"
    return StartChoice(
        kept, runs[kept], f"{said}: not clearly different; validation loss {fresh:.4f} afresh, {last:.4f} from last"
    )


def lowest(run: Path) -> float | None:
    """The lowest validation loss of a run's training; None where none was measured."""
    if not (run / LOSSES).exists():
        return None
    found = [float(step["valid_loss"]) for step in read_json(run / LOSSES, list) if step.get("valid_loss") is not None]
    return min(found, default=None)
