"""Rows that are shown of those that were dropped, and of near copies."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import polars as pl
import pytest
from run_tables import gathered, made

from distill.tables.outcome import dropped_frame

KEY = "sk-" + "proj-abcdefghij0123456789XYZ"


def test_ten_rows_a_reason_by_hash_with_what_was_asked_and_what_came_back() -> None:
    tables = made(600)
    found = {(group.stage, group.reason): group for group in gathered(tables).drops}
    counts = {
        (stage, reason): n for stage, reason, n in tables["dropped"].group_by("stage", "reason").len().iter_rows()
    }
    assert {key: group.count for key, group in found.items()} == counts
    answers = dict(tables["samples"].select("seed_id", "answer").iter_rows())
    inputs = dict(tables["seeds"].select("seed_id", "input").iter_rows())
    for (stage, _), group in found.items():
        assert len(group.rows) == min(10, group.count)
        for row in group.rows:
            assert row.input == inputs.get(row.row, "")
            assert row.answer == ("" if stage in ("seeds", "generate", "teacher") else answers[row.row])
    rows = tables["dropped"].filter(stage="schema", reason="not_json")["row"].to_list()
    assert [row.row for row in found["schema", "not_json"].rows] != rows[:10]


@pytest.mark.parametrize(("gates", "mail"), [([("secrets", {})], True), ([("pii", {})], False)], ids=["secrets", "pii"])
def test_no_key_is_shown_and_no_address_where_the_task_minds(gates: list[Any], mail: bool) -> None:
    """Also in rows that another gate dropped before, and in clusters; long texts say how long they are."""
    text = f"my key is {KEY}, write to jo@firm.com " + "x" * 5000
    seeds = pl.DataFrame({
        "seed_id": ["1", "2"], "stratum": "a", "labels": "{}", "cluster": "1", "role": "train", "input": [text, text + "y"],
    })  # fmt: skip
    samples = made(3)["samples"].clear()
    row = {
        "seed_id": "1",
        "request_id": "r",
        "stratum": "a",
        "answer": text,
        "tool_calls": "",
        "completion_tokens": 9,
        "fate": "dropped",
    }
    samples = pl.concat([samples, pl.DataFrame([row])], how="diagonal")
    dropped = dropped_frame([("1", "r", "a", "schema", "not_json", f"begins {KEY}")])
    found = gathered({"seeds": seeds, "samples": samples, "dropped": dropped}, gates=gates, short=[])
    said = json.dumps([*map(asdict, found.drops), asdict(found.clusters)])
    assert KEY not in said
    assert "[OpenAI or Anthropic key]" in said
    assert ("jo@firm.com" in said) is mail
    assert "5,0" in said
    assert len(said) < 9000


def test_the_largest_clusters_come_with_examples_and_how_alike_they_are() -> None:
    tables = made(40, reasons=[])
    found = gathered(tables).clusters
    assert (found.seeds, found.count, found.rows) == (40, 10, 40)
    assert len(found.largest) == 6
    kept = set(tables["samples"].filter(pl.col("fate") != "dropped")["seed_id"])
    for cluster in found.largest:
        first, *others = cluster.examples
        assert cluster.kept == len(kept & set(tables["seeds"].filter(cluster=cluster.cluster)["seed_id"]))
        assert cluster.kept == 0 or first.fate == "train"
        assert first.similarity == 1.0
        assert all(0.5 < one.similarity < 1 for one in others)
