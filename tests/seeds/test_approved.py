"""`seeds.gold_rows: train`: approved work becomes the dataset's rows, and nobody is paid for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from distill.cli.text.rows import history_lines
from distill.errors import SpecError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.plan import plan as planning
from distill.records import GOLD
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.progress import Silent
from distill.teacher.store.store import opened
from distill.views import explain, show

TRAIN = "seeds.gold_rows=train"


@pytest.fixture
def half(task: Path) -> Path:
    """The task with every other row's answer known."""
    rows = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    for row in rows[::2]:
        del row["expected"]
    for row in rows[1::2]:
        row["kind"] = "ab"[rows.index(row) // 2 % 2]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return task


def made(task: Path, *sets: str) -> Task:
    return open_task(task, overrides=[TRAIN, *sets], env={})


def run(task: Path, *sets: str, **how: Any) -> Run:
    return running.start(made(task, *sets), stages=how.pop("stages", ORDER), watch=Silent(), **how)


def kept_of(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "samples.parquet").filter(pl.col("fate") != "dropped")


def test_known_answers_train_as_they_are_and_the_teacher_fills_the_quotas(half: Path) -> None:
    """No request for a gold row, none in the test; they count toward quotas, and the funnel adds up with a line of their own."""
    plan = planning.plan(made(half)).spenders[0]
    result = run(half, "dataset.accept=30")
    folder = result.folder
    seeds = pl.read_parquet(folder / "seeds.parquet")
    assert seeds.filter(pl.col("gold").is_not_null())["role"].unique().to_list() == ["train"]
    assert seeds.filter(role="test").height == 12
    asked = set(pl.read_parquet(folder / "asked.parquet")["seed_id"])
    gold = set(seeds.filter(pl.col("gold").is_not_null())["seed_id"])
    assert asked.isdisjoint(gold)
    assert plan.requests <= 12
    kept = kept_of(folder)
    assert kept.height == 30
    approved = kept.filter(teacher=GOLD)
    assert set(approved["seed_id"]) == gold
    assert set(approved["model"]) == {"gold"}
    assert set(approved["answer"]) == {'{"mood": "glad"}'}
    train = [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]
    assert sum(row["messages"][-1]["content"] == '{"mood": "glad"}' for row in train) >= 20
    funnel = {row["stage"]: row for row in json.loads((folder / "funnel.json").read_bytes())["funnel"]}
    assert funnel["gold"] == {"stage": "gold", "in": 24, "kept": 24, "dropped": {}}
    assert funnel["test"]["kept"] == funnel["ask"]["in"] + funnel["gold"]["in"]
    assert funnel["dedup"]["in"] == funnel["secrets"]["kept"] + funnel["gold"]["kept"]
    assert "approved work (24 gold rows)" in (folder / "CARD.md").read_text()
    told = explain.explain(half.parent, "mood", sorted(gold)[0])
    assert "nobody was asked" in "\n".join(history_lines(told))
    shown = show.show(half.parent, "mood", what="kept", reason=None, stratum=None, limit=50).shown
    assert all(row["answer"] for row in shown)
    assert run(half, "dataset.accept=30").done == []


def test_gates_report_approved_rows_and_do_not_drop_them(half: Path) -> None:
    """The would-be drops are a table, a count in the report and a line of `explain`."""
    folder = run(half, "gates=[schema, {length: {max_tokens: 2}}]", "dataset.accept=24").folder
    assert kept_of(folder).height == 24
    flagged = pl.read_parquet(folder / "flagged.parquet")
    assert flagged.select("stage", "reason").unique().rows() == [("length", "too_long")]
    assert flagged.height == 24
    report = json.loads((folder / "report.json").read_bytes())
    assert any("length: too_long 24" in line for line in report["warnings"])
    shown = show.show(half.parent, "mood", what="flagged", reason="too_long", stratum=None, limit=3)
    assert (shown.rows, shown.reasons, len(shown.shown)) == (24, {"too_long": 24}, 3)
    assert all(row["answer"] == '{"mood": "glad"}' for row in shown.shown)
    told = explain.explain(half.parent, "mood", flagged["row"][0])
    assert told.fate.startswith("trains the student")
    assert any(line.startswith("flagged   length: too_long") for line in history_lines(told))


def test_a_teachers_answer_near_an_approved_row_gives_way(half: Path) -> None:
    """The drop names the gold answer; the row is not asked for again in vain."""
    with (half.parent / "seeds.jsonl").open("a") as file:
        rows = [json.loads(line) for line in (half.parent / "seeds.jsonl").read_text().splitlines()]
        copies = [{"message": row["message"] + "!", "kind": row["kind"]} for row in rows[1:13:2]]
        file.write("".join(json.dumps(row) + "\n" for row in copies))
    folder = run(half, "dataset.accept=null", "gates=[finish_reason]").folder
    dropped = pl.read_parquet(folder / "dropped.parquet").filter(stage="dedup")
    assert dropped.height > 0
    assert dropped["detail"].str.contains("the gold answer of").all()


def test_all_rows_may_be_gold_and_no_teacher_is_called(task: Path) -> None:
    """With test rows drawn from them, or from a file; otherwise the fault says both ways."""
    with pytest.raises(SpecError, match="all 48 rows have a known answer and train"):
        made(task)
    opened_task = made(task, "seeds.test.gold=true", "evaluate.arms=[]")
    result = running.start(opened_task, stages=ORDER[:3], watch=Silent())
    assert (result.exit_code, result.requests_sent) == (0, 0)
    kept = kept_of(result.folder)
    assert (kept.height, set(kept["teacher"])) == (20, {GOLD})
    with opened(opened_task.store_path) as store:
        assert store.ledger(result.name) == []
    test = task.parent / "test.jsonl"
    test.write_text(json.dumps({"message": "a kettle that sings", "kind": "a", "expected": {"mood": "cross"}}) + "\n")
    result = run(
        task, "seeds.test={from: test.jsonl}", "evaluate.arms=[]", "dataset.accept=40", new=True, stages=ORDER[:3]
    )
    assert (result.requests_sent, kept_of(result.folder).height) == (0, 40)


def test_no_test_row_nor_its_twin_trains_though_it_is_approved(task: Path) -> None:
    """Leaks are leaks."""
    first = json.loads((task.parent / "seeds.jsonl").read_text().splitlines()[0])
    (task.parent / "test.jsonl").write_text(json.dumps(first | {"message": first["message"] + "."}) + "\n")
    folder = run(task, "seeds.test={from: test.jsonl}", "evaluate.arms=[]", "dataset.accept=null").folder
    assert first["message"] not in (folder / "train.jsonl").read_text()
    dropped = pl.read_parquet(folder / "dropped.parquet")
    assert dropped["reason"].to_list() == ["near_test_row"]


def test_logged_chats_with_their_answers_train(tmp_path: Path, task: Path) -> None:
    """`as: chats` and `gold: reply`: the approved log is the dataset, calls of tools included."""
    call = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"text": "x"}'}}
    said: list[dict[str, Any]] = [{"content": f"It left on day {n * 31}."} for n in range(20)]
    said += [{"content": None, "tool_calls": [call]}] * 5
    words = (task.parent / "seeds.jsonl").read_text().splitlines()
    chats = [
        {"messages": [{"role": "user", "content": json.loads(words[n])["message"]}, {"role": "assistant", **answer}]}
        for n, answer in enumerate(said)
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(chat) + "\n" for chat in chats))
    (tmp_path / "teacher.md").write_text("Help.\n[messages]\n{{messages}}\n")
    (tmp_path / "student.md").write_text("Help.\n[messages]\n{{messages}}\n")
    (tmp_path / "task.yaml").write_text(
        "task: log\nseeds: {from: log.jsonl, as: chats, gold: reply, gold_rows: train, test: {rows: 4, gold: true}}\n"
        "teacher: {model: scripted}\nstudent: {train: {with: none}}\nevaluate: {arms: []}\n"
    )
    result = running.start(open_task(tmp_path / "task.yaml", env={}), stages=ORDER[:3], watch=Silent())
    assert result.requests_sent == 0
    folder = result.folder
    lines = [
        json.loads(line) for name in ("train", "valid") for line in (folder / f"{name}.jsonl").read_text().splitlines()
    ]
    assert len(lines) == 21
    ends = [line["messages"][-1] for line in lines]
    assert any(end["content"] and end["content"].startswith("It left on day") for end in ends)
    assert any(end.get("tool_calls", [{}])[0].get("function", {}).get("arguments") == '{"text":"x"}' for end in ends)


def test_gold_rows_that_train_need_a_gold_column(task: Path) -> None:
    """The fault names the setting."""
    with pytest.raises(SpecError, match="gold_rows: train needs `gold`"):
        made(task, "seeds.gold=null")


def test_a_refresh_pays_for_no_approved_row_either(half: Path) -> None:
    """Its parent's rows that are approved are not asked of the new teacher."""
    run(half, "dataset.accept=30")
    old = pl.read_parquet(half.parent / "runs" / "mood" / "001" / "seeds.parquet").select("seed_id", "role")
    result = run(half, "dataset.accept=30", "teacher.sampling.temperature=0.5", refresh=True)
    folder = result.folder
    assert folder.name == "002"
    assert pl.read_parquet(folder / "seeds.parquet").select("seed_id", "role").equals(old)
    gold = pl.read_parquet(folder / "seeds.parquet").filter(pl.col("gold").is_not_null())["seed_id"]
    asked = set(pl.read_parquet(folder / "asked.parquet")["seed_id"])
    assert asked
    assert asked.isdisjoint(gold)
