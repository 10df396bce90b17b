"""A gate's price: what its dropped answers and its verdicts took, to the cent of the ledger."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import polars as pl
import pytest
from judges import models, project_of, run, samples_of

from distill.evaluate.ablation.result import DropPrice
from distill.pipeline.ablation.price import dropped_usd, prices
from distill.pipeline.ablation.variants import let_in, recuration
from distill.pipeline.learning_curve.curve import opened
from distill.rundir import RunDir
from distill.task.run import ledger
from distill.teacher.progress import Silent
from distill.testing.fault_server import serve


async def test_dropped_answers_and_verdicts_are_what_was_paid_for_them(judged: Path) -> None:
    """Verdicts come to what the ledger has of the judge; rows that a later judge never saw stay out, and are counted."""
    async with AsyncExitStack() as stack:
        teacher, judge = [await stack.enter_async_context(serve()) for _ in range(2)]
        task = project_of(judged, teacher, models(judge), "dataset.accept=8")
        result = await run(task)
        with opened(task, RunDir(task.home, task.spec.task, 1), Silent()) as active:
            again = recuration(active)
            whole = again.whole()
            found = prices(whole)
            spent = {row.spender: row.usd for row in ledger(active)}
            without = again.without("length")
            unjudged = without.pending - whole.variant.pending
    samples, dropped = samples_of(result), pl.read_parquet(result.folder / "dropped.parquet")
    short = dropped.filter(stage="length")["request_id"].to_list()
    assert found["judge"].verdicts_usd == pytest.approx(spent["judge j0"])
    assert found["length"].verdicts_usd == 0
    assert found["length"].answers_usd == pytest.approx(
        samples.filter(pl.col("request_id").is_in(short))["usd"].sum(), abs=1e-12
    )
    assert found["length"].answers_usd > 0
    assert len(unjudged) == len(short) > 0
    assert let_in(without, whole.variant) == 0


def test_an_unknown_price_stays_unknown_and_an_approved_row_costs_nothing() -> None:
    dropped = pl.DataFrame({"stage": ["form", "form", "dedup", "schema"], "request_id": ["a", "b", None, "c"]})
    rejected = pl.DataFrame({"request_id": ["a", "b", "c", None], "usd": [0.25, 0.5, None, 0.0]})
    assert dropped_usd("form", dropped, rejected) == 0.75
    assert dropped_usd("dedup", dropped, rejected) == 0
    assert dropped_usd("schema", dropped, rejected) is None
    assert DropPrice(None, 1.0).usd is None
    assert DropPrice(0.5, 1.0).usd == 1.5
