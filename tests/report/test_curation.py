"""What the report tells of curation: every dropped row is counted where it was lost, and what is shown is safe to show."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from run_tables import gathered, made

from distill.curate.accounting.shortfall import Shortfall
from distill.pipeline import run
from distill.pipeline.open_task import open_task
from distill.records import Seed
from distill.report import examples, page
from distill.tables.outcome import dropped_frame
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.testing.fault_server import Script, serve

KEY = "sk-" + "proj-abcdefghij0123456789XYZ"


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(1, 3), st.integers(0, 99), st.randoms(use_true_random=False))
def test_every_drop_is_counted_in_its_stratum_and_the_order_of_rows_changes_nothing(
    rows: int, draws: int, seed: int, rnd: random.Random
) -> None:
    tables = made(rows, draws=draws, seed=seed)
    found = gathered(tables)
    columns = found.by_stratum.columns
    for row in found.by_stratum.rows:
        counts = list(zip(columns, row.counts, strict=True))
        assert row.asked == row.kept + sum(n for column, n in counts if column.of == "asked")
        assert row.lost == sum(n for column, n in counts if column.of == "asked" and not column.spare)
    assert sum(column.count for column in columns) == tables["dropped"].height
    shuffled = {name: table.sample(fraction=1, shuffle=True, seed=rnd.randrange(99)) for name, table in tables.items()}
    again = gathered(shuffled)
    for part in ("by_stratum", "shortfalls", "scores", "tokens", "forms", "clusters"):
        assert getattr(again, part) == getattr(found, part)
    key = lambda group: (group.stage, group.reason)  # noqa: E731 - the order of the groups is that of the stages
    assert sorted(again.drops, key=key) == sorted(found.drops, key=key)


def test_the_text_of_a_seed_that_was_never_asked_comes_from_the_seeds_file() -> None:
    seed = Seed(fields={"message": "Hello?"}, labels={})
    dropped = dropped_frame([(seed.id, None, "all", "seeds", "repeated", "same text as x")])
    tables = made(5)
    found = gathered({**tables, "dropped": dropped}, unread=[seed])
    assert found.drops[0].rows[0].input == "Hello?"


async def test_a_runs_report_tells_of_its_curation(task: Path) -> None:
    """Over a real run with three draws: the numbers of the page are those of the run's tables."""
    async with serve(Script(seed=3, faults={"422": 0.1, "refusal": 0.2, "length": 0.2})) as server:
        sets = [
            "teacher.model=m",
            "teacher.sampling={draws: 3, temperature: 1}",
            "strata.edge_cases=[{where: {kind: a}, at_least: 5}]",
        ]
        task = open_task(task, overrides=sets, env={"OPENAI_BASE_URL": server.base_url})
        result = await run.work(task, stages=ORDER, watch=Silent(), partial=True)
    folder = result.folder
    found = json.loads((folder / "report.json").read_bytes())
    assert sum(row["asked"] for row in found["by_stratum"]["rows"]) == result.funnel.questions
    assert sum(row["kept"] for row in found["by_stratum"]["rows"]) == result.funnel.kept == found["tokens"]["kept"]
    assert found["edge_cases"][0]["natural"] == 0.5
    said = (folder / "report.html").read_text()
    assert "What each stratum lost, and why" in said
    assert "each with its reason in dropped.parquet" in said


def test_page_of_a_big_run_stays_small(report: dict[str, Any], typed: Any) -> None:
    """Three hundred strata, forty reasons, long texts: the page stays under 1.6 MB."""
    tables = made(20_000, strata=300, reasons=[(f"gate{i % 20}", f"reason{i}") for i in range(40)])
    long = {
        name: tables[name].with_columns(pl.lit("word " * 1000).alias(column))
        for name, column in (("seeds", "input"), ("samples", "answer"))
    }
    found = gathered({**tables, **long}, short=[Shortfall(f"s{i}", 10**6, 1, "form", 9) for i in range(300)])
    assert found.by_stratum.more == 100
    assert len(page.html(replace(typed(report), curation=found)).encode()) < 1_600_000
    assert sum(len(group.rows) for group in found.drops) == 400 == 40 * examples.A_REASON
