"""Quotas and selection of a spec, through whole runs of a small task."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from distill.curate import steps
from distill.curate.inputs import read_inputs
from distill.errors import SpecError
from distill.generate.questions import read_asked
from distill.pipeline import run
from distill.pipeline.open_task import open_task
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.teacher.store.store import opened


def curated(task: Path, *sets: str) -> Path:
    task = open_task(task, overrides=sets, env={})
    return run.start(task, stages=ORDER[:2], watch=Silent()).folder


def kept(folder: Path) -> Counter[str]:
    samples = pl.read_parquet(folder / "samples.parquet")
    return Counter(samples.filter(pl.col("fate") != "dropped")["stratum"].to_list())


def test_a_share_of_the_spec_is_a_share_of_the_dataset(task: Path) -> None:
    """Seven tenths of 20 rows are of the one kind, and the funnel names each stratum's quota."""
    folder = curated(task, "strata.quotas=[{where: {kind: a}, share: 0.7}]")
    assert kept(folder) == {"a": 14, "b": 6}
    assert json.loads((folder / "funnel.json").read_bytes())["quotas"] == {"a": 14, "b": 6}


def test_at_temperature_one_the_dataset_is_as_the_seeds_are(task: Path) -> None:
    """Three quarters of the seeds are of the first kind, and so are the rows; at 0 half of them are."""
    seeds = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    rows = [row | {"kind": "b" if n % 4 == 0 else "a"} for n, row in enumerate(seeds)]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert kept(curated(task, "dataset.accept=12", "dataset.temperature=1")) == {"a": 9, "b": 3}
    assert kept(curated(task, "dataset.accept=12")) == {"a": 6, "b": 6}


def test_what_the_gates_drop_does_not_change_what_is_natural(task: Path) -> None:
    """Three quarters of the seeds are of the first kind; a third of them hold a key and are dropped. Others of it are asked."""
    seeds = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    key = "sk-proj-" + "aB3dE6gH9jK2mN5pQ8sT1vW4"
    rows = [
        row
        | (
            {"kind": "b"}
            if n % 4 == 0
            else {"kind": "a", "message": row["message"] + (f" {key}" if n % 4 == 1 else "")}
        )
        for n, row in enumerate(seeds)
    ]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    folder = curated(task, "dataset.accept=16", "dataset.temperature=1")
    assert kept(folder) == {"a": 12, "b": 4}
    assert pl.read_parquet(folder / "dropped.parquet").filter(stage="secrets").height > 2


def test_rows_over_the_quota_say_why_and_the_funnel_says_how_far_apart_the_others_are(task: Path) -> None:
    """22 rows were answered for 20; then 10 are wanted of them: none vanishes, and those that stay are further apart than by hash."""
    folder, found = curated(task), {}
    for select in ("{}", "{by: score}"):
        changed = open_task(task, overrides=["dataset.accept=10", f"dataset.select={select}"], env={})
        with opened(changed.store_path) as store:
            found[select] = steps.curate(
                read_inputs(changed, pl.read_parquet(folder / "seeds.parquet"), read_asked(folder), store)
            )
    for one, why in zip(found.values(), ("others add more variety", "a hash chose among equals"), strict=True):
        over = one.dropped.filter(reason="over_quota")
        assert (one.kept.height, over.height) == (10, 12)
        assert all(text.endswith(f"place 1 by score, {why}") for text in over["detail"])
    spread = next(line for line in found["{}"].funnel if line.stage == "balance").notes["spread"]
    assert spread["rows"] == 10
    assert spread["chosen"] > spread["by_hash"]


def test_what_the_seeds_cannot_give_is_said_before_anything_is_paid(task: Path) -> None:
    """Every quota that cannot hold, with the numbers; at_least may be a share."""
    quotas = "strata.quotas=[{where: {kind: a}, count: 19}, {where: {kind: c}, floor: 1}]"
    cases = "strata.edge_cases=[{where: {kind: b}, at_least: 0.95}]"
    with pytest.raises(SpecError) as caught:
        open_task(task, overrides=[quotas, cases], env={})
    told = "\n".join(map(str, caught.value.faults))
    assert "strata.edge_cases[0]: at_least 19 wanted, 18 training seeds have kind = b" in told
    assert "strata.quotas[0]: count 19 wanted, 18 training seeds have kind = a" in told
    assert "strata.quotas[1].where: no seed has kind = 'c'; known: a, b" in told
