from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import promotable
import pytest
from production_logs import openai, write

from distill.errors import UsageError
from distill.lifecycle.harvest.harvest import REASONS, Harvest, harvest
from distill.lifecycle.logs.columns import LOGGED
from distill.lifecycle.logs.log_reader import read_logs
from distill.lifecycle.logs.task_shape import TaskShape
from distill.pipeline.open_task import open_task

NEW = [
    "the parcel came with a broken violin and no bill", "why does my ladder order show two passports", "I was charged twice for onions in march",
    "gravel is missing from yesterday's delivery of stones", "please stop the thunder app from ringing at night",
]  # fmt: skip


def candidates(home: Path, *rows: dict[str, Any]) -> Iterator[pl.DataFrame]:
    """The rows of a log, each a candidate since the user was not content."""
    path = write(home / "app.jsonl", *rows)
    for batch in read_logs([path], TaskShape.of(opened(home))):
        yield batch.with_columns(why=pl.lit("bad feedback"))


def opened(home: Path, *sets: str) -> Any:
    return open_task(home / "task.yaml", overrides=sets, env={})


def harvested(home: Path, *rows: dict[str, Any], **how: Any) -> tuple[Harvest, list[dict[str, Any]], pl.DataFrame]:
    """(what is told, the seeds, the table of what was dropped); every candidate is in one of them."""
    seeds = pl.read_parquet(home / "runs/mood/001/seeds.parquet")
    told = harvest(candidates(home, *rows), task=opened(home), seeds=seeds, out=home / "harvested.jsonl", **how)
    lines = [json.loads(line) for line in told.path.read_text().splitlines()]
    dropped = pl.read_parquet(told.dropped_path)
    assert told.candidates == told.new + dropped.height == told.new + sum(told.dropped.values())
    assert told.new + told.before == len(lines)
    assert set(dropped["reason"]) <= set(REASONS)
    return told, lines, dropped


def test_a_row_becomes_a_seed_of_the_tasks_own_fields(home: Path) -> None:
    told, lines, _ = harvested(home, openai(f"{NEW[0]}, write to anna@mail.co.uk", metadata={"kind": "a"}))
    assert lines == [{
        "message": f"{NEW[0]}, write to [email]", "kind": "a", "expected": None, "harvested": "bad feedback", "logged_in": "app.jsonl:1",
        "logged_at": "2026-11-01T12:00:00+00:00", "calls": 1,
    }]  # fmt: skip
    assert (told.masked, told.whys) == (1, {"bad feedback": 1})


def test_each_reason_not_to(home: Path) -> None:
    seeds = pl.read_parquet(home / "runs/mood/001/seeds.parquet")
    tested, trained = (seeds.filter(role=role)["input"][0] for role in ("test", "train"))
    kind = {"kind": "a"}
    told, lines, dropped = harvested(
        home, openai(NEW[0], metadata=kind | {"private": True}), openai(f"{tested}!", metadata=kind), openai(f"{trained}!", metadata=kind),
        openai(NEW[1], metadata=kind), openai(f"{NEW[1]}!", metadata=kind), openai(NEW[2]), openai(" ", metadata=kind), openai(NEW[3], metadata=kind),
        at_most=3,
    )  # fmt: skip
    assert dict(dropped.select("row", "reason").iter_rows()) == {
        "app.jsonl:1": "private", "app.jsonl:2": "near_test_row", "app.jsonl:3": "near_seed", "app.jsonl:5": "over_limit",
        "app.jsonl:6": "over_limit", "app.jsonl:7": "over_limit", "app.jsonl:8": "over_limit",
    }  # fmt: skip
    assert [row["logged_in"] for row in lines] == ["app.jsonl:4"]
    again, lines, dropped = harvested(
        home,
        *(openai(text, metadata=kind) for text in (NEW[2], f"{NEW[2]}!", NEW[1])),
        openai(NEW[3]),
        openai(" ", metadata=kind),
    )
    assert dict(dropped.select("row", "reason").iter_rows()) == {
        "app.jsonl:2": "near_candidate", "app.jsonl:3": "near_harvested", "app.jsonl:4": "no_label", "app.jsonl:5": "fields_unknown",
    }  # fmt: skip
    assert [(row["logged_in"], row["calls"]) for row in lines] == [("app.jsonl:4", 1), ("app.jsonl:1", 2)]
    assert (told.new, again.new, again.before) == (1, 1, 1)
    assert any("near another candidate" in line for line in again.sentences())


def test_nothing_of_a_private_row_is_written(home: Path) -> None:
    harvested(home, openai(NEW[0], private=True), openai(NEW[1], metadata={"kind": "a"}))
    for path in (home / "harvested.jsonl", home / "harvested.dropped.parquet"):
        assert b"violin" not in path.read_bytes()


def test_a_label_that_the_log_lacks_may_be_given(home: Path) -> None:
    _, lines, _ = harvested(home, openai(NEW[0]), openai(NEW[1], metadata={"kind": "a"}), labels={"kind": "b"})
    assert [row["kind"] for row in lines] == ["b", "a"]


def test_a_passage_of_a_test_row_is_no_new_input(home: Path) -> None:
    seeds = pl.read_parquet(home / "runs/mood/001/seeds.parquet")
    words = " ".join(f"word{n}" for n in range(13))
    place = seeds.with_row_index().filter(role="test")["index"][0]
    changed = seeds.with_columns(
        input=pl.when(pl.int_range(pl.len()) == place).then(pl.lit(f"a {words} b")).otherwise("input")
    )
    text = f"{NEW[0]} {NEW[1]} {words} {NEW[2]} {NEW[3]}"
    told = harvest(
        candidates(home, openai(text, metadata={"kind": "a"})), task=opened(home), seeds=changed, out=home / "h.jsonl"
    )
    assert told.dropped == {"shares_13_gram": 1}


@pytest.mark.parametrize("name", ["seeds.jsonl", "h.csv"])
def test_a_file_of_somebody_elses_is_not_written_over(home: Path, name: str) -> None:
    before = (home / name).read_bytes() if (home / name).exists() else None
    with pytest.raises(UsageError, match=r"no row that a harvest|ends in \.jsonl"):
        harvest([], task=opened(home), seeds=pl.read_parquet(home / "runs/mood/001/seeds.parquet"), out=home / name)
    assert ((home / name).read_bytes() if (home / name).exists() else None) == before


def test_no_row_comes_near_a_test_row_whatever_is_done_to_it(home: Path) -> None:
    """Test rows in other spellings, longer, shorter: none becomes a seed."""
    rnd = random.Random(7)
    seeds = pl.read_parquet(home / "runs/mood/001/seeds.parquet")
    rows = []
    for text in seeds.filter(role="test")["input"]:
        rows += [text.upper(), f"  {text} ", text + rnd.choice("!?."), text.replace(",", " ,")]
    told, lines, _ = harvested(home, *(openai(text, metadata={"kind": "a"}) for text in rows))
    assert (lines, told.new) == ([], 0)
    assert told.dropped["near_test_row"] >= len(rows) * 0.9


def test_a_run_takes_the_file(home: Path) -> None:
    _, lines, _ = harvested(home, *(openai(text, metadata={"kind": "ab"[n % 2]}) for n, text in enumerate(NEW)))
    promotable.run(home, "seeds.from=[seeds.jsonl, harvested.jsonl]")
    seeds = pl.read_parquet(sorted((home / "runs/mood").glob("00*"))[-1] / "seeds.parquet")
    taken = seeds.filter(source="harvested.jsonl")
    assert taken.height == len(lines) == len(NEW)


def test_candidates_are_frames_of_logged_calls(home: Path) -> None:
    frame = pl.DataFrame(schema=LOGGED).with_columns(why=pl.lit(None, pl.String))
    told = harvest(
        [frame], task=opened(home), seeds=pl.read_parquet(home / "runs/mood/001/seeds.parquet"), out=home / "h.jsonl"
    )
    assert (told.candidates, (home / "h.jsonl").read_text()) == (0, "")
