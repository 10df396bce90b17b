"""What a person decided about rows in conflict: it trains, it stays in a refresh, and one that is no answer is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from contradictions import FILES, PERSON, run

from distill.cli.text.rows import history_lines
from distill.errors import SpecError
from distill.records import GOLD
from distill.task.run import ORDER
from distill.views import explain


def listed(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "conflicts.jsonl").read_text().splitlines()]


def rule(folder: Path, **right: Any) -> list[dict[str, Any]]:
    """Write decisions into the run's file, as a person would."""
    rows = [row | {"right": right.get(row["seed_id"], row["right"])} for row in listed(folder)]
    (folder / "conflicts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return rows


def sample_of(folder: Path, seed: str) -> dict[str, Any]:
    rows = pl.read_parquet(folder / "samples.parquet").filter(pl.col("fate") != "dropped", pl.col("seed_id") == seed)
    return rows.row(0, named=True) if rows.height else {}


def test_what_a_person_decides_trains_and_is_in_conflict_no_more(near_duplicates_task: Path) -> None:
    """The next `curate` or `run` takes it, with no request; its near-duplicate gives way, and the decided line stays as it is."""
    folder = run(near_duplicates_task, *PERSON).folder
    rows = listed(folder)
    one, other = rows[0]["seed_id"], rows[0]["against"][0]
    assert not sample_of(folder, one)
    lost = pl.read_parquet(folder / "dropped.parquet").filter(reason="for_a_person").height
    rule(folder, **{one: {"mood": "glad"}})
    result = run(near_duplicates_task, *PERSON)
    assert (result.requests_sent, result.skipped) == (0, ["generate"])
    sample = sample_of(folder, one)
    assert (sample["teacher"], sample["model"], sample["answer"]) == (GOLD, "person", '{"mood": "glad"}')
    messages = [json.loads(line)["messages"] for name in FILES[:2] for line in (folder / name).read_text().splitlines()]
    assert [turns[-1]["content"] for turns in messages if turns[-2]["content"] == rows[0]["input"]] == [
        '{"mood": "glad"}'
    ]
    dropped = pl.read_parquet(folder / "dropped.parquet")
    assert dropped.filter(reason="for_a_person").height == lost - 2
    details = dropped.filter(row=other)["detail"].to_list() + dropped.filter(row=one)["detail"].to_list()
    assert len(details) == 2
    assert all(f"the gold answer of {one}" in detail for detail in details)
    after = listed(folder)
    assert after[0] == rows[0] | {"right": {"mood": "glad"}}
    assert {row["seed_id"] for row in after} == {row["seed_id"] for row in rows} - {other}
    told = explain.explain(near_duplicates_task.parent, "mood", one)
    assert "a person decided on it" in "\n".join(history_lines(told))
    before = {name: (folder / name).read_bytes() for name in FILES}
    assert run(near_duplicates_task, *PERSON).done == []
    (folder / "samples.parquet").unlink()
    run(near_duplicates_task, *PERSON, stages=("curate", "export"))
    assert {name: (folder / name).read_bytes() for name in FILES} == before
    rule(folder, **{one: {"mood": "cross"}})
    assert run(near_duplicates_task, *PERSON).done[0] == "curate"
    assert sample_of(folder, one)["answer"] == '{"mood": "cross"}'


def test_a_refresh_keeps_what_was_decided_and_pays_nobody_for_it(near_duplicates_task: Path) -> None:
    folder = run(near_duplicates_task, *PERSON, stages=ORDER).folder
    one = listed(folder)[0]["seed_id"]
    rule(folder, **{one: '{"mood": "glad"}'})
    run(near_duplicates_task, *PERSON, stages=ORDER)
    new = run(near_duplicates_task, *PERSON, "teacher.sampling.temperature=0.5", refresh=True, stages=ORDER).folder
    assert new.name == "002"
    assert one not in set(pl.read_parquet(new / "asked.parquet")["seed_id"])
    assert (sample_of(new, one)["model"], sample_of(new, one)["answer"]) == ("person", '{"mood": "glad"}')
    assert next(row for row in listed(new) if row["seed_id"] == one)["right"] == '{"mood": "glad"}'
    assert json.loads((new / "funnel.json").read_bytes())["total"]["gold"] == 1


def test_a_decision_that_is_no_answer_of_the_task_is_named_with_its_line(near_duplicates_task: Path) -> None:
    """All lines at once, before anything is curated; the dataset stays as it was."""
    folder = run(near_duplicates_task, *PERSON).folder
    before = (folder / "samples.parquet").read_bytes()
    rows = rule(folder, **{listed(folder)[0]["seed_id"]: "furious", listed(folder)[1]["seed_id"]: {"mood": "grim"}})
    with (folder / "conflicts.jsonl").open("a") as file:
        file.write("right: glad\n")
    with pytest.raises(SpecError) as caught:
        run(near_duplicates_task, *PERSON)
    assert [fault.where.rsplit(":", 1)[1] for fault in caught.value.faults] == ["1", "2", str(len(rows) + 1)]
    assert "`right` of row" in str(caught.value)
    assert "'grim' is not one of ['glad', 'cross']" in str(caught.value)
    assert (folder / "samples.parquet").read_bytes() == before
    (folder / "conflicts.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(SpecError, match=r"conflicts.jsonl: cannot be read: .* save it as UTF-8"):
        run(near_duplicates_task, *PERSON)
