"""`seeds.expand`: strata that lack rows are filled by new seeds, all counted, none paid twice."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import polars as pl
from making import STAGES, funnel, made, read, run

from distill.cli.text.rows import history_lines
from distill.cli.text.run import run_lines
from distill.pipeline import run as running
from distill.similarity.pairs import nearest
from distill.teacher.progress import Silent
from distill.testing.fault_server import Script, serve
from distill.views import explain


def test_five_hundred_rows_come_of_320_seeds(large: Path) -> None:
    """All accounted for; a made seed is a training row of its parent's stratum that explain tells apart; no second run pays."""
    task = made(large, "{at_most: 1500, per_row: 6}", "dataset.accept=500")
    result = run(task)
    kept = read(result, "samples.parquet").filter(pl.col("fate") != "dropped")
    assert (kept.height, result.shortfall, result.exit_code) == (500, [], 0)
    seeds, dropped = read(result, "seeds.parquet"), read(result, "dropped.parquet")
    new = seeds.filter(pl.col("way").is_not_null())
    assert set(new["way"]) == {"rewrite", "vary", "fill", "like"}
    assert set(new["role"]) == {"train"}
    strata = dict(seeds.select("seed_id", "stratum").iter_rows())
    assert all(strata[parent] == stratum for parent, stratum in new.select("parent", "stratum").iter_rows())
    steps = funnel(result)
    gone = dropped.filter(stage="expand")
    assert steps["expand"]["in"] == new.height + gone.height
    assert steps["expand"]["dropped"] == dict(Counter(gone["reason"].to_list()))
    assert steps["ask"]["in"] == steps["test"]["kept"] + steps["expand"]["kept"]
    tests = seeds.filter(role="test")["input"].to_list()
    assert nearest(new["input"].to_list(), tests, threshold=0.85) == [None] * new.height
    on_made = kept.filter(pl.col("seed_id").is_in(new["seed_id"].implode())).height
    assert f"synthetic seeds: {on_made} rows" in (result.folder / "CARD.md").read_text()
    told = explain.explain(large.parent, "mood", new["seed_id"][0])
    assert f"seed      expand:{new['way'][0]} of {new['parent'][0]} ·" in "\n".join(history_lines(told))
    assert run(task).done == []
    again = run(task, new=True)
    assert (again.requests_sent, again.folder.name) == (0, "002")
    for name in ("train.jsonl", "dataset.parquet", "seeds.parquet"):
        assert (again.folder / name).read_bytes() == (result.folder / name).read_bytes()
    curated = run(made(large, "{at_most: 1500, per_row: 6}", "dataset.accept=490"), stages=("curate",))
    assert curated.requests_sent == 0
    assert read(curated, "samples.parquet").filter(pl.col("fate") != "dropped").height == 490


def test_a_low_cap_leaves_a_shortfall_that_is_told_with_numbers(large: Path) -> None:
    """No more is asked for than the cap; each stratum says what is missing and what cost most."""
    result = run(made(large, "{at_most: 50}", "dataset.accept=500"))
    assert funnel(result)["expand"]["in"] == 50
    kept = read(result, "samples.parquet").filter(pl.col("fate") != "dropped").height
    assert 240 < kept < 291
    rows = result.shortfall
    assert {row.stratum for row in rows} == {"a", "b", "c", "d"}
    assert sum(row.wanted for row in rows) == 500
    assert sum(row.got for row in rows) == kept
    assert {row.reason for row in rows} == {"at_most"}
    said = "\n".join(run_lines(result))
    assert f"{500 - kept} rows are missing in 4 strata" in said
    assert "of 125 rows; the cap on new seeds cost most" in said


async def test_rows_that_the_teacher_will_never_take_do_not_keep_seeds_from_being_made(task: Path) -> None:
    """They are lost for good, so their strata are filled by new seeds."""
    async with serve(Script(seed=3, faults={"400": 0.2})) as server, serve() as maker:
        sets = [
            "dataset.accept=36", "evaluate.arms=[]", "teacher.model=m",
            f"seeds.expand.model={{model: maker, base_url: '{maker.base_url}'}}",
        ]  # fmt: skip
        task = made(task, "{at_most: 60, per_row: 6}", *sets, env={"OPENAI_BASE_URL": server.base_url})
        result = await running.work(task, stages=STAGES, watch=Silent(), partial=True)
    assert maker.ledger.entries
    assert result.funnel.kept == 36


def test_refused_rows_are_drawn_once_more_before_any_is_made(task: Path) -> None:
    """`dataset.more_draws`: the gates refuse half of the answers; another draw comes first, and only of those rows."""
    gate = 'gates=[schema, {form: {matches: ".*glad.*"}}]'
    sets = [gate, "dataset.accept=34", "teacher.sampling.seed=1", "evaluate.arms=[]"]
    without = run(made(task, "{at_most: 1}", "dataset.more_draws=0", *sets))
    asked = read(without, "asked.parquet")
    assert set(asked["kind"]) == {"first"}
    result = run(made(task, "{at_most: 40, plausible: false}", *sets), new=True)
    asked = read(result, "asked.parquet")
    passed = set(read(without, "samples.parquet").filter(pl.col("fate") != "dropped")["seed_id"])
    again = asked.filter(kind="redraw").filter(
        ~pl.col("seed_id").is_in(read(result, "seeds.parquet").filter(pl.col("way").is_not_null())["seed_id"].implode())
    )
    assert again.height > 5
    assert passed.isdisjoint(again["seed_id"])
    assert set(asked.select("kind", "draw").iter_rows()) == {("first", 0), ("redraw", 0)}


def test_rare_strata_are_levelled_up_and_rich_ones_fill_in_where_that_fails(task: Path) -> None:
    """Quotas count on what could be made; when it does not come, the rows are taken where there are seeds."""
    rows = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    for n, row in enumerate(rows):
        row["kind"] = "rare" if n % 12 == 0 else "usual"
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    level = run(made(task, "{at_most: 300, per_row: 20, plausible: false}", "dataset.accept=24"))
    strata = Counter(read(level, "samples.parquet").filter(pl.col("fate") != "dropped")["stratum"].to_list())
    assert strata == {"rare": 12, "usual": 12}
    poor = run(made(task, "{at_most: 2, plausible: false}", "dataset.accept=24"), new=True)
    strata = Counter(read(poor, "samples.parquet").filter(pl.col("fate") != "dropped")["stratum"].to_list())
    assert strata.total() == 24
    assert strata["usual"] > 15
