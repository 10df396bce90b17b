"""`distill refresh --from both`: the refresh from the last adapter and then afresh, in two runs, and which of the students is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from distill.cli.options import out
from distill.cli.verbs.run import ALL, run_once
from distill.errors import RowsOwed

if TYPE_CHECKING:
    from distill.evaluate.previous.starts import StartChoice
    from distill.generate.kept import Relabel
    from distill.pipeline.result import Run
    from distill.plan.refresh.result import RefreshPlan

FROM = "student.train.from="


@dataclass(frozen=True, slots=True)
class HowToRun:
    """How both runs go."""

    spec: Path
    as_json: bool
    max_usd: float | None
    partial: bool
    wait: bool
    anyway: bool
    options: Mapping[str, str]


def both_starts(
    how: HowToRun, sets: list[str], relabel: Relabel | bool, probed: Callable[[list[str]], RefreshPlan]
) -> None:
    """Refresh twice. The second run has the rows of the first, pays nobody again, and compares both on the same test rows."""
    last = _one(how, sets, relabel)
    again = [*(one for one in sets if not one.startswith(FROM)), f"{FROM}fresh", "seeds.grow=null"]
    fresh = _one(how, again, probed(again).relabel or True)
    found = _chosen(last, fresh)
    told = [
        f"from last {last.name}, afresh {fresh.name}: {found.why}; keep {found.run}",
        f"`distill promote {found.run}` lets it serve; the other stays in its run",
    ]
    out({"last": last.as_json(), "fresh": fresh.as_json(), "kept": asdict(found)}, how.as_json, told)
    raise typer.Exit(fresh.exit_code)


def _one(how: HowToRun, sets: list[str], relabel: Relabel | bool) -> Run:
    """One of the two; where rows are pending the command ends there."""
    done, _, lines = run_once(
        how.spec, sets, how.as_json, how.max_usd, partial=how.partial, stages=ALL, fresh=relabel, wait=how.wait, anyway=how.anyway,
        options=how.options,
    )  # fmt: skip
    if not how.as_json:
        out({}, False, lines)
    if done.exit_code == RowsOwed.exit_code:
        out(done.as_json(), how.as_json, [])
        raise typer.Exit(done.exit_code)
    return done


def _chosen(last: Run, fresh: Run) -> StartChoice:
    from distill.evaluate.comparison import Comparison
    from distill.evaluate.previous.starts import choose, lowest
    from distill.report.page import difference
    from distill.rundir import read_result
    from distill.stats import Estimate

    found = difference(read_result(fresh.folder / "comparison.json", Comparison), "previous")
    gap = Estimate(found.mean, found.low, found.high, found.n) if found else None
    losses = {"last": lowest(last.folder), "fresh": lowest(fresh.folder)}
    return choose(gap, losses, {"last": last.name, "fresh": fresh.name})
