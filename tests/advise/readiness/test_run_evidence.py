"""What is read of a run's folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distill.advise.readiness.run_evidence import read_evidence
from distill.errors import UsageError
from distill.rundir import RunDir


def test_a_finished_run_is_read_whole(finished_moods: Path) -> None:
    seen = read_evidence(RunDir(finished_moods.parent, "mood", 1), [])
    assert seen.setting("student.train.with") == "linear"
    assert seen.setting("student.train.no.such") is None
    assert (len(seen.splits["test"]), len(seen.tests or ())) == (80, 80)
    assert len(set(seen.splits["train"])) == 108
    assert not set(seen.splits["train"]) & set(seen.splits["test"])
    assert {"leaks", "preflight"} <= set(seen.funnel)
    assert seen.card
    assert seen.routing is None
    assert seen.outputs
    assert all(seen.outputs.values())


def test_a_file_that_was_changed_since_is_seen(finished_moods: Path) -> None:
    run = RunDir(finished_moods.parent, "mood", 1)
    with (run.path / "train.jsonl").open("a") as file:
        file.write("\n")
    assert [name for name, same in read_evidence(run, []).outputs.items() if not same] == ["train.jsonl"]


def test_a_test_row_that_trains_is_seen_by_what_it_asks(finished_moods: Path) -> None:
    """Rows of train.jsonl hold the answer too, and no id."""
    run = RunDir(finished_moods.parent, "mood", 1)
    row = json.loads((run.path / "test.jsonl").read_text().splitlines()[0])
    row["messages"].append({"role": "assistant", "content": "{}"})
    with (run.path / "train.jsonl").open("a") as file:
        file.write(json.dumps({"messages": row["messages"]}) + "\n")
    splits = read_evidence(run, []).splits
    assert len(set(splits["train"]) & set(splits["test"])) == 1


def test_an_empty_run_is_all_unknown_and_a_torn_file_is_said(tmp_path: Path) -> None:
    run = RunDir(tmp_path, "mood", 1)
    run.path.mkdir(parents=True)
    seen = read_evidence(run, [])
    assert (seen.compared, seen.tests, seen.splits, seen.outputs, seen.card) == (None, None, {}, {}, False)
    (run.path / "funnel.json").write_text("{")
    with pytest.raises(UsageError, match=r"funnel\.json"):
        read_evidence(run, [])
    (run.path / "funnel.json").unlink()
    (run.path / "train.jsonl").write_text('{"messages": []}\n{"mess\n')
    with pytest.raises(UsageError, match=r"train\.jsonl:2"):
        read_evidence(run, [])
