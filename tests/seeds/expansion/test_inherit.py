"""Made seeds in a refresh: they stay, with the labels that hold now."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import polars as pl
from making import STAGES, funnel, made, read, run


def test_a_refresh_keeps_the_made_seeds_and_makes_no_more_than_it_lacks(large: Path) -> None:
    """The same rows, the same test, and the questions go on where they were."""
    first = run(
        made(large, "{at_most: 450, per_row: 4}", "dataset.accept=350", "evaluate.arms=[]"),
        stages=(*STAGES, "evaluate", "report"),
    )
    task = made(
        large,
        "{at_most: 450, per_row: 4}",
        "dataset.accept=350",
        "evaluate.arms=[]",
        "teacher.sampling.temperature=0.5",
    )
    result = run(task, refresh=True, stages=(*STAGES, "evaluate", "report"))
    assert result.folder.name == "002"
    before, after = (
        set(read(one, "seeds.parquet").filter(pl.col("way").is_not_null())["seed_id"]) for one in (first, result)
    )
    assert before
    assert before <= after
    report = json.loads((result.folder / "report.json").read_bytes())
    assert any("answer synthetic seeds" in warning for warning in report["warnings"])
    line = funnel(result)["expand"]
    assert line["from_parent"] == len(before)
    assert line["in"] - line["from_parent"] == len(after - before) + sum(line["dropped"].values())
    assert funnel(result)["ask"]["in"] == funnel(result)["test"]["kept"] + line["kept"]


def test_a_refresh_gives_made_seeds_the_labels_that_hold_now(task: Path) -> None:
    """Those of their parents, and by rule over their own fields; what fits no more, or has no parent left, is a counted drop."""
    rule = "strata={by: [kind, size], labels: {size: \"CASE WHEN LENGTH(message) > %d THEN 'long' ELSE 'short' END\"}}"
    expand = "{at_most: 120, per_row: 6, plausible: false}"
    sets = ["dataset.accept=60", "evaluate.arms=[]"]
    stages = (*STAGES, "evaluate", "report")
    first = run(made(task, expand, rule % 28, *sets), stages=stages)
    before = read(first, "seeds.parquet").drop_nulls("way")
    orphan = Counter(before["parent"].to_list()).most_common(1)[0][0]
    lost = json.loads(read(first, "seeds.parquet").filter(seed_id=orphan)["fields"][0])["message"]
    rows = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    rows = [row | {"kind": {"a": "x", "b": "b"}[row["kind"]]} for row in rows if row["message"] != lost]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    long = {seed: len(text) for seed, text in read(first, "seeds.parquet").select("seed_id", "input").iter_rows()}
    apart = [{long[seed], long[parent]} for seed, parent in before.select("seed_id", "parent").iter_rows()]
    edge = Counter(n for pair in apart for n in range(min(pair), max(pair))).most_common(1)[0][0]
    result = run(made(task, expand, rule % edge, *sets, "teacher.sampling.seed=5"), refresh=True, stages=stages)
    seeds, line = read(result, "seeds.parquet"), funnel(result)["expand"]
    of = {row["seed_id"]: row for row in seeds.iter_rows(named=True)}
    after = seeds.filter(pl.col("seed_id").is_in(before["seed_id"].implode()))
    for row in after.iter_rows(named=True):
        parent = of[row["parent"]]
        size = "long" if long[row["seed_id"]] > edge else "short"
        assert json.loads(row["labels"]) == {"kind": json.loads(parent["labels"])["kind"], "size": size}
        assert row["stratum"] == parent["stratum"]
    assert set(seeds["stratum"]) <= {"x/long", "x/short", "b/long", "b/short"}
    gone = read(result, "dropped.parquet").filter(pl.col("row").is_in(before["seed_id"].implode()), stage="expand")
    assert after.height + gone.height == before.height == line["from_parent"]
    assert gone.filter(reason="parent_gone").height == before.filter(parent=orphan).height > 0
    assert gone.filter(reason="other_stratum").height > 0
    assert line["in"] == line["kept"] + sum(line["dropped"].values())
