"""General rows train along at their share, checked as the task's own, and are in no file of the dataset."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from chats import chat

from distill.errors import GateNotMet, SpecError, UsageError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.student.tuning import replay
from distill.teacher.progress import Silent

TRAIN = "student.train={with: lora, base: ./base, epochs: 1, layers: 1, replay: {from: general.jsonl, share: 0.25}}"


def rows(path: Path, count: int, said: str = "general") -> Path:
    lines = [chat(f"{said} {number}", f"answer {number}") | {"note": "mine"} for number in range(count)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_they_are_that_share_of_all_rows_and_drawn_by_the_seed(tmp_path: Path) -> None:
    own, general = rows(tmp_path / "train.jsonl", 30, "own"), rows(tmp_path / "general.jsonl", 100)
    first, again, other = (
        replay.mix(own, general, 0.25, seed=seed, out=tmp_path / str(n)) for n, seed in enumerate((1, 1, 2))
    )
    assert (first.general, first.wanted, first.rows) == (10, 10, 40)
    texts = [mixed.path.read_bytes() for mixed in (first, again, other)]
    assert texts[0] == texts[1] != texts[2]
    assert texts[0].startswith(own.read_bytes())
    added = [json.loads(line) for line in texts[0].splitlines()[30:]]
    assert all(list(row) == ["messages"] for row in added)
    assert len({row["messages"][1]["content"] for row in added}) == 10


def test_fewer_than_are_wanted_are_all_taken(tmp_path: Path) -> None:
    mixed = replay.mix(
        rows(tmp_path / "t.jsonl", 30), rows(tmp_path / "g.jsonl", 4), 0.25, seed=0, out=tmp_path / "out"
    )
    assert (mixed.general, mixed.wanted, mixed.rows) == (4, 10, 34)


@pytest.mark.parametrize("line", ["[]", "{", '{"messages": []}', '{"messages": [{"role": "user", "content": "a"}]}'])
def test_what_is_no_chat_is_told_with_its_row(tmp_path: Path, line: str) -> None:
    (tmp_path / "general.jsonl").write_text(line + "\n")
    with pytest.raises(UsageError, match="row 1 is no chat that ends in an assistant's turn"):
        replay.mix(rows(tmp_path / "t.jsonl", 30), tmp_path / "general.jsonl", 0.25, seed=0, out=tmp_path)


class Heard(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def run(task: Path, watch: Silent) -> Run:
    opened = open_task(task, overrides=(TRAIN,), env={})
    return running.start(opened, stages=("generate", "curate", "export", "train"), watch=watch)


@pytest.mark.slow
def test_a_run_trains_on_both_and_its_files_hold_its_own_rows_alone(
    task: Path, tiny_family: Callable[[str], Path]
) -> None:
    shutil.copytree(tiny_family("llama"), task.parent / "base")
    general, watch = rows(task.parent / "general.jsonl", 40), Heard()
    result = run(task, watch)
    own = (result.folder / "train.jsonl").read_text().count("\n")
    count = replay.wanted(own, 0.25)
    assert any(f"replay: {count} of {own + count} rows" in line for line in watch.lines)
    assert {path.name for path in (result.folder / "student").iterdir()} == {"adapter", "loss.json"}
    assert not any("general" in path.read_text() for path in result.folder.glob("*.jsonl"))
    assert run(task, Silent()).done == []
    rows(general, 41)
    assert run(task, Silent()).done == ["train"], "other rows are another training"


def test_a_test_row_among_them_ends_the_run_before_it_trains(task: Path, tiny_family: Callable[[str], Path]) -> None:
    shutil.copytree(tiny_family("llama"), task.parent / "base")
    rows(task.parent / "general.jsonl", 12)
    opened = open_task(task, overrides=(TRAIN,), env={})
    made = running.start(opened, stages=("generate", "curate", "export"), watch=Silent())
    (test, *_) = (json.loads(line) for line in (made.folder / "test.jsonl").read_text().splitlines())
    leak = {"messages": [*test["messages"], {"role": "assistant", "content": '{"mood": "glad"}'}]}
    with (task.parent / "general.jsonl").open("a") as file:
        file.write(json.dumps(leak) + "\n")
    with pytest.raises(GateNotMet, match=r"preflight of student\.train\.replay \(general\.jsonl\).*test"):
        run(task, Silent())
    assert not (made.folder / "student").exists()


def test_a_file_that_is_not_there_and_a_way_that_cannot_are_faults_of_the_spec(
    task: Path, tiny_family: Callable[[str], Path]
) -> None:
    shutil.copytree(tiny_family("llama"), task.parent / "base")
    with pytest.raises(SpecError, match=r"student\.train\.replay\.from: no such file: general\.jsonl"):
        open_task(task, overrides=(TRAIN,), env={})
    with pytest.raises(SpecError, match="replay mixes rows into a training on this machine"):
        open_task(task, overrides=(TRAIN.replace("lora", "linear"),), env={})
