"""The graph of near texts: made once, kept in the run, and what it and the leak check take out of a dataset."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from distill.errors import SpecError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.similarity.graph import Graph
from distill.similarity.graph_table import edge_table
from distill.task import near_graph
from distill.task.run import ORDER
from distill.teacher.progress import Silent


def run(task: Path, *sets: str, **how: Any) -> Path:
    task = open_task(task, overrides=sets, env={})
    return running.start(task, stages=ORDER[: how.get("stages", 2)], watch=Silent()).folder


def more(task: Path, *messages: str) -> None:
    """Further seeds for the task."""
    rows = [{"message": text, "kind": "a", "expected": {"mood": "glad"}} for text in messages]
    with (task.parent / "seeds.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def reasons(folder: Path) -> dict[str, int]:
    dropped = pl.read_parquet(folder / "dropped.parquet")
    return dict(dropped.group_by("reason").len().sort("reason").iter_rows())


def test_texts_are_compared_once_in_a_run_and_the_pairs_stay_in_its_folder(task: Path) -> None:
    """However many rounds and stages ask; and a later curation of the same run need not compare them at all."""
    more(task, *(f"where on earth is the kettle that I bought last week{end}" for end in ("?", "!", " ?!")))
    near_graph._made.cache_clear()
    folder = run(task)
    assert near_graph._made.cache_info().misses == 1
    table = pl.read_parquet(folder / "seeds.parquet")
    texts = table.select("seed_id", "input")
    task = open_task(task, env={})
    near_graph._made.cache_clear()
    kept = near_graph.read_graph(folder, task.spec, table)
    assert near_graph._made.cache_info().misses == 0
    made = Graph.of(table["input"], threshold=0.85)
    assert edge_table(kept, texts).equals(edge_table(made, texts))
    assert edge_table(kept, texts).height == 3


def test_a_dataset_is_the_same_with_the_pairs_that_are_kept_and_without(task: Path) -> None:
    more(task, *(f"where on earth is the kettle that I bought last week{end}" for end in ("?", "!", " ?!")))
    folder = run(task, "dataset.accept=30")
    before = (folder / "samples.parquet").read_bytes()
    (folder / "pairs.parquet").unlink()
    (folder / "samples.parquet").unlink()
    task = open_task(task, overrides=["dataset.accept=30"], env={})
    running.start(task, stages=("curate",), watch=Silent())
    assert (folder / "samples.parquet").read_bytes() == before


def test_what_repeats_a_row_of_an_evaluation_set_does_not_train(task: Path) -> None:
    """By its whole input, or by 13 words of it; whatever columns the set has."""
    passage = "we had walked along the river for an hour when the rain came down upon us all"
    more(task, "a kettle came in the wrong colour, who can help me now", f"my aunt wrote that {passage} so I am late")
    rows = [{"id": 7, "question": "A kettle came in the wrong colour, who can help me now?"}, {"text": passage, "n": 1}]
    (task.parent / "exam.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    folder = run(task, "seeds.held_out=[exam.jsonl]", "dataset.accept=null", "seeds.test={rows: 1}")
    dropped = pl.read_parquet(folder / "dropped.parquet").filter(stage="leaks")
    found = dict(dropped.select("reason", "detail").iter_rows())
    assert found["near_test_row"].startswith("row 1 of exam.jsonl: similarity 0.9")
    assert (
        found["shares_13_gram"]
        == "row 2 of exam.jsonl: both have 'we had walked along the river for an hour when the rain came'"
    )


def test_every_fault_of_an_evaluation_set_is_named(task: Path) -> None:
    (task.parent / "exam.jsonl").write_text('{"n": 1}\nno JSON\n')
    with pytest.raises(SpecError) as caught:
        open_task(task, overrides=["seeds.held_out=[exam.jsonl, gone.jsonl]"], env={})
    assert "exam.jsonl:1: holds no text" in str(caught.value)
    assert "exam.jsonl:2: bad JSON" in str(caught.value)
    assert "gone.jsonl: no such file" in str(caught.value)


def test_rows_in_conflict_are_left_to_a_person_whose_decisions_stay(task: Path) -> None:
    more(task, *(f"where on earth is the kettle that I bought last week{'?' * n}" for n in range(1, 9)))
    sets = ["dedup.on_conflict=person", "dataset.accept=null", "seeds.test={rows: 1}", "dedup.compare=[mood]"]
    folder = run(task, *sets)
    rows = [json.loads(line) for line in (folder / "conflicts.jsonl").read_text().splitlines()]
    assert reasons(folder)["for_a_person"] == len(rows) >= 2
    assert all(row["fields"] == ["mood"] and row["right"] is None for row in rows)
    rows[0]["right"] = '{"mood": "glad"}'
    (folder / "conflicts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run(task, *sets, "dedup.near=0.86")
    again = [json.loads(line) for line in (folder / "conflicts.jsonl").read_text().splitlines()]
    assert again[0] == rows[0]
    assert [row for row in again[1:] if row["right"]] == []
    assert {row["seed_id"] for row in again} <= {row["seed_id"] for row in rows}
    samples = pl.read_parquet(folder / "samples.parquet").filter(pl.col("fate") != "dropped")
    assert rows[0]["seed_id"] in samples["seed_id"].to_list()


def test_no_row_that_trains_is_near_a_validation_row_or_shares_a_passage_with_one(task: Path) -> None:
    """The validation row stays; what goes is the other, at a stage of its own."""
    body = "since the second week of march our heating has gone off each night at nine and it comes back on at"
    openings = (
        "my aunt in the flat above has told me to write to you that",
        "who looks after boilers in your company these days",
        "hello again",
    )
    more(task, *(f"{opening} {n * 7919} {body} {n * 104729}" for n, opening in enumerate(openings)))
    folder = run(task, "dataset={accept: null, valid: 0.4}", "seeds.test={rows: 1}")
    dropped = pl.read_parquet(folder / "dropped.parquet").filter(stage="valid_leaks")
    assert set(dropped["reason"]) == {"shares_13_gram"}
    samples = pl.read_parquet(folder / "samples.parquet")
    held = samples.filter(pl.col("fate") == "valid", pl.col("input").str.contains("second week"))
    train = samples.filter(pl.col("fate") == "train", pl.col("input").str.contains("second week"))
    assert held.height + dropped.height == 3
    assert not train.height
    assert all(detail.startswith("valid row ") for detail in dropped["detail"])


def test_meaning_is_asked_about_where_the_spec_says_so(task: Path) -> None:
    more(task, "can you change the limit on my credit card", "can you please change my credit card limit")
    sets = ["dataset.accept=null", "seeds.test={rows: 1}", "dedup.compare=[]", "dedup.meaning=0.9"]
    folder = run(task, *sets)
    assert reasons(folder).get("same_meaning") == 1
    detail = pl.read_parquet(folder / "dropped.parquet").filter(reason="same_meaning")["detail"][0]
    assert "cosine 0.9" in detail
    assert detail.endswith("limit 0.9")
    assert "same_meaning" not in reasons(run(task, *sets[:3]))


def test_one_typo_makes_twins_of_short_inputs_unless_the_spec_says_no(task: Path) -> None:
    """A repeat among the training rows, and a row of an evaluation set, which no graph of the seeds holds."""
    more(task, "Where is my red kettle?", "where is my red kettel", "what ails my toaster now", "I see no invoice")
    (task.parent / "exam.jsonl").write_text('{"text": "what ails my taoster now"}\n')
    sets = ["seeds.held_out=[exam.jsonl]", "dataset.accept=null", "seeds.test={rows: 1}", "dedup.compare=[]"]
    folder = run(task, *sets)
    dropped = pl.read_parquet(folder / "dropped.parquet").filter(pl.col("detail").str.contains("typo"))
    found = dict(dropped.select("reason", "detail").iter_rows())
    assert found.keys() == {"near_duplicate", "near_test_row"}
    assert found["near_test_row"].startswith("row 1 of exam.jsonl: one typo apart, similarity 0.")
    assert "typo" in pl.read_parquet(folder / "pairs.parquet")["kind"].to_list()
    off = run(task, *sets, "dedup.typos=false")
    assert not pl.read_parquet(off / "dropped.parquet")["detail"].str.contains("typo").any()
    assert "typo" not in pl.read_parquet(off / "pairs.parquet")["kind"].to_list()
