"""One row's whole way through a run, by whatever it is called."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from distill.cli.text.rows import history_lines, row_list_lines
from distill.errors import GateNotMet
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.views import explain, show


def run(task: Path, *sets: str) -> None:
    running.start(open_task(task, overrides=sets, env={}), stages=ORDER[:3], watch=Silent())


def test_a_dataset_that_is_not_what_was_expected_is_not_trained_on(task: Path) -> None:
    """Exit 4, again when the stage itself has nothing to do, and 0 when the expectation holds."""
    for _ in range(2):
        with pytest.raises(GateNotMet, match=r"rows: 21 expected, found 20 rows\. Nothing was trained"):
            run(task, "expect={rows: 21}")
    run(task, "expect={rows: 20, same_system: true}")


def test_a_row_is_found_by_what_its_own_file_calls_it(task: Path) -> None:
    """The id of the file goes before a line of that number; it and the columns that are kept stand beside the row wherever it is shown."""
    seeds = task.parent / "seeds.jsonl"
    rows = [json.loads(line) for line in seeds.read_text().splitlines()]
    seeds.write_text(
        "".join(json.dumps(row | {"nr": 1000 + n, "date": "2026", "score": n}) + "\n" for n, row in enumerate(rows))
    )
    run(task, "seeds.id=nr", "seeds.keep=[date, score]")
    found = explain.explain(task.parent, "mood", "1005")
    assert found.seed[0]["fields"]["message"] == rows[5]["message"]
    assert "seeds.jsonl:6 · id 1005" in history_lines(found)[1]
    assert "  date: 2026   (kept)" in history_lines(found)
    shown = show.show(task.parent, "mood", what="kept", reason=None, stratum=None, limit=1)
    assert shown.shown[0]["id"].startswith("10")
    assert any(line.startswith("  kept    date 2026 · score ") for line in row_list_lines(shown))
    table = pl.read_parquet(task.parent / "runs" / "mood" / "001" / "dataset.parquet")
    assert table["id"].null_count() == 0
    assert table["own_score"].to_list() == [int(own) - 1000 for own in table["id"]]
    test = json.loads((task.parent / "runs" / "mood" / "001" / "test.jsonl").read_text().splitlines()[0])
    assert test["kept"]["score"] == int(test["id"]) - 1000


def test_a_repeated_row_is_found_by_its_own_id(task: Path) -> None:
    """It has the seed id of the row that stayed: that one is not called dropped, and names its repeat."""
    seeds = task.parent / "seeds.jsonl"
    rows = [json.loads(line) for line in seeds.read_text().splitlines()]
    seeds.write_text("".join(json.dumps(row | {"id": f"r{n}"}) + "\n" for n, row in enumerate([*rows, rows[5]])))
    run(task)
    repeat = explain.explain(task.parent, "mood", f"r{len(rows)}")
    kept = explain.explain(task.parent, "mood", "r5")
    assert repeat.fate.startswith(
        f"dropped at seeds: repeated (seeds.jsonl:{len(rows) + 1} (id r{len(rows)}): same text"
    )
    assert (repeat.row, repeat.samples, len(repeat.dropped)) == (kept.row, (), 1)
    assert (kept.dropped, [one["detail"] for one in kept.repeats]) == ([], [repeat.dropped[0]["detail"]])
    assert explain.explain(task.parent, "mood", f"seeds.jsonl:{len(rows) + 1}") == repeat
    assert f"repeat    {repeat.dropped[0]['detail']}" in history_lines(kept)
