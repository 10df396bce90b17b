"""`distill curate --on disk`: the dataset and every table of the run are those that `generate`, `curate` and `export` make in memory."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest
import yaml

from distill.errors import SpecError, UsageError
from distill.pipeline import run as in_memory
from distill.pipeline.on_disk import run as on_disk
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.teacher.progress import Silent

TABLES = ("seeds", "seeds_dropped", "pairs", "asked", "samples", "dropped", "flagged", "dataset")
FILES = ("train.jsonl", "valid.jsonl", "test.jsonl", "CARD.md", "seeds.json", "funnel.json", "expect.json", "exam.json")
WORDS = "please refund order lamp kettle broken screen parcel late address change card stolen today where help account pasword password"
PASSAGES = [" ".join(f"{word}{a}{b}" for word in WORDS.split()[:15]) for a in "abcdefgh" for b in "abcdefg"]
"""With which three messages each begin: after the split some of them give a validation row away."""
SHARD = 37
"""Rows of a shard: the table is cut into nine."""


class Said(Silent):
    """Keeps the lines that a person reads."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def rows() -> list[dict[str, object]]:
    """Messages with repeats, near copies, conflicts, blanks, personal data, groups and passages that several share."""
    chance, found = random.Random(3), list[dict[str, object]]()
    for number in range(330):
        text, dice = " ".join(chance.choices(WORDS.split(), k=chance.randint(3, 20))), chance.random()
        if number % 3 == 0:
            text = f"{PASSAGES[number // 9]} {text}"
        if found and dice < 0.3:
            other = str(chance.choice(found)["message"])
            text = other if dice < 0.12 else other + chance.choice(["!", "?", " please", " 7"])
        reply = "ok " + " ".join(chance.choices(WORDS.split(), k=chance.randint(1, 18)))
        reply = "" if dice > 0.97 else "write to jo@mail.org" if dice > 0.95 else reply
        expected = {"kind": chance.choice("xyz"), "reply": reply}
        ticket = chance.choice([None, f"t{number % 37}"])
        found.append(
            {"message": text, "kind": chance.choice("abcd"), "id": number, "ticket": ticket, "expected": expected}
        )
    return found


def write(folder: Path) -> Path:
    """A task whose rows are approved, some wanted."""
    folder.mkdir(parents=True)
    (folder / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows()) + "{broken\n")
    (folder / "prompt.md").write_text("Sort.\n\n[user]\n{{message}}\n")
    fields = {"kind": {"enum": ["x", "y", "z"]}, "reply": {"type": "string"}}
    (folder / "schema.json").write_text(
        json.dumps({"type": "object", "properties": fields, "required": ["kind", "reply"]})
    )
    task = {
        "task": "many", "about": "Sort.",
        "seeds": {
            "from": "seeds.jsonl", "gold": "expected", "gold_rows": "train", "broken": "drop", "group": "ticket",
            "test": {"rows": 20, "gold": True},
        },
        "strata": {"by": ["kind"], "edge_cases": [{"where": {"kind": "a"}, "at_least": 5}]},
        "teacher": {"model": "embedded/smollm2-135m", "prompt": "prompt.md", "output": "schema.json"},
        "gates": ["schema", "finish_reason", "refusal", {"length": {"spread": 3, "min_chars": 3}}, "echo", "secrets", "pii"],
        "dedup": {"compare": ["kind"]}, "dataset": {"accept": 90, "valid": 0.2},
        "student": {"prompt": "prompt.md", "train": {"with": "none"}}, "evaluate": {"arms": ["teacher"], "metrics": ["schema"]},
    }  # fmt: skip
    (folder / "task.yaml").write_text(yaml.safe_dump(task, sort_keys=False))
    return folder / "task.yaml"


def curated(task: Path, watch: Said | None = None, **how: object) -> Run:
    given = on_disk.opened(task, overrides=[], env=os.environ)
    return on_disk.curate(given, watch or Said(), **{"rows_a_shard": SHARD, **how})


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """(in memory, on disk)."""
    home = tmp_path_factory.mktemp("runs")
    task = open_task(write(home / "memory"), env=os.environ)
    whole = in_memory.start(task, stages=("generate", "curate", "export"), watch=Said())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(on_disk, "HEAD", 40)  # the task is opened with few of its rows
        return whole, curated(write(home / "disk"))


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_that_of_a_run_in_memory(runs: tuple[Run, Run], name: str) -> None:
    whole, sharded = (run.table(f"{name}.parquet") for run in runs)
    assert sharded.schema == whole.schema
    assert sharded.equals(whole)


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_byte_for_byte_that_of_a_run_in_memory(runs: tuple[Run, Run], name: str) -> None:
    whole, sharded = ((run.folder / name).read_bytes() for run in runs)
    assert sharded == whole


def test_each_row_that_was_read_is_in_the_dataset_the_test_or_dropped_with_a_reason(runs: tuple[Run, Run]) -> None:
    _, run = runs
    kept, tests = run.dataset.height, len((run.folder / "test.jsonl").read_text().splitlines())
    assert kept + tests + run.dropped.height == len(rows()) + 1
    assert run.dropped["reason"].null_count() == 0
    reasons = {"repeated", "unreadable", "group_of_test_row", "conflict", "pii", "over_quota", "shares_13_gram"}
    assert reasons <= set(run.dropped["reason"])


def test_done_again_nothing_is_done_and_the_spill_folder_is_gone(runs: tuple[Run, Run]) -> None:
    _, run = runs
    again = curated(run.folder.parents[2] / "task.yaml")
    assert (list(again.done), list(again.skipped)) == ([], ["generate", "curate", "export"])
    assert not (run.folder / "spill").exists()


def test_a_shard_that_is_cut_is_named_and_its_step_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, spill = write(tmp_path / "task"), tmp_path / "spill"
    with monkeypatch.context() as patch:
        patch.setattr("distill.pipeline.on_disk.dataset.select.select", _stopped)
        with pytest.raises(KeyboardInterrupt):
            curated(task, spill=spill)
    shard = spill / "curate" / "gates" / "00001.parquet"
    shard.write_bytes(shard.read_bytes()[:-40])
    watch = Said()
    run = curated(task, watch, spill=spill)
    assert any(f"{shard} is" in line and "step gates and those after it are done again" in line for line in watch.lines)
    assert run.done == ["curate", "export"]  # the seeds were written down before
    assert run.dataset.height == 90
    assert not spill.exists()


def _stopped(_: object) -> None:
    raise KeyboardInterrupt


def test_what_needs_all_rows_in_memory_is_refused_with_every_setting_at_once(tmp_path: Path) -> None:
    task = write(tmp_path / "task")
    with pytest.raises(SpecError) as caught:
        on_disk.opened(
            task, overrides=["dataset.preview=5", "dedup.on_conflict=person", "seeds.keep=[ticket]"], env=os.environ
        )
    assert [fault.where.split(": ")[-1] for fault in caught.value.faults] == [
        "seeds.keep",
        "dedup.on_conflict",
        "dataset.preview",
    ]


def test_a_spill_folder_that_cannot_be_written_is_named_with_the_next_move(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(UsageError, match=r"cannot be written \(Not a directory\); name another folder with --spill"):
        curated(write(tmp_path / "task"), spill=blocked)


def test_broken_rows_are_listed_together_wherever_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_disk, "HEAD", 40)
    task = write(tmp_path / "task")
    seeds = task.parent / "seeds.jsonl"
    seeds.write_text("{no json\n" + seeds.read_text())
    given = on_disk.opened(task, overrides=["seeds.broken=refuse"], env=os.environ)
    with pytest.raises(SpecError) as caught:
        on_disk.curate(given, Said(), rows_a_shard=SHARD)
    assert [fault.where.rpartition(":")[2] for fault in caught.value.faults] == ["1", "332"]


def test_what_the_rows_do_not_give_is_said_once_they_are_counted(tmp_path: Path) -> None:
    task = write(tmp_path / "task")
    given = on_disk.opened(task, overrides=["dataset.accept=5000"], env=os.environ)
    with pytest.raises(SpecError, match=r"dataset\.accept"):
        on_disk.curate(given, Said(), rows_a_shard=SHARD)
