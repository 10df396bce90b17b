"""What a gate has cost in a run: the answers that it dropped, and the verdicts that it asked for. An answer counts as it was paid for, be it
by an earlier run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from distill.curate.gates.judge.lookup import DRAWS
from distill.curate.gates.judge.requests import verdict_requests
from distill.evaluate.ablation.result import DropPrice
from distill.teacher.stored_answers import final_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from distill.curate.gates.judge.lookup import VerdictLookup
    from distill.pipeline.ablation.variants import WholeDataset


def prices(whole: WholeDataset) -> Mapping[str, DropPrice]:
    """Stage that dropped a row, or gate that asked for a verdict → its price."""
    verdicts = _verdicts(whole.verdicts)
    stages = [*whole.dropped["stage"].unique().sort().to_list(), *verdicts]
    return {
        stage: DropPrice(dropped_usd(stage, whole.dropped, whole.rejected), verdicts.get(stage, 0.0))
        for stage in dict.fromkeys(stages)
    }


def dropped_usd(stage: str, dropped: pl.DataFrame, rejected: pl.DataFrame) -> float | None:
    """Dollars of the answers that a stage dropped; None where the price of one is not known. An approved row cost nothing."""
    gone = dropped.filter(dropped["stage"] == stage)["request_id"].drop_nulls()
    usd = rejected.filter(rejected["request_id"].is_in(gone.implode()))["usd"]
    return None if usd.null_count() else float(usd.sum())


def _verdicts(verdicts: VerdictLookup) -> dict[str, float | None]:
    """Gate → dollars of its verdicts, those that could not be read among them; None where a judge's price is not known."""
    found: dict[str, float | None] = dict.fromkeys((call.gate for call in verdicts.calls), 0.0)
    calls = list(dict.fromkeys(call._replace(draw=draw) for call in verdicts.calls for draw in range(DRAWS)))
    for call, request in zip(calls, verdict_requests(verdicts.task, calls), strict=True):
        judge = verdicts.task.judges[call.judge]
        _, answer = final_answer(verdicts.store, request, judge.sampling.raise_to)
        before = found[call.gate]
        if answer is not None:
            known = judge.address.price is not None or answer.usd > 0
            found[call.gate] = before + answer.usd if known and before is not None else None
    return found
