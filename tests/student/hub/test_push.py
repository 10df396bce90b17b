"""What of a run goes into a folder or to the hub, and what never leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ended import Distill, refused
from hub_host import TOKEN, serve

from distill.errors import GateNotMet, UsageError
from distill.pipeline.open_task import open_task
from distill.pipeline.run import start
from distill.rundir import RunDir
from distill.student import run_dataset
from distill.student.hub import dataset_folder
from distill.student.hub.push import push
from distill.teacher.progress import Silent

CREDENTIAL = "sk-proj-" + "abcdefghijklmnopqrstuvwx"
SPLITS = {"train": 18, "valid": 2, "test": 12}


def exported(task: Path) -> RunDir:
    start(open_task(task, env={}), stages=("generate", "curate", "export"), watch=Silent())
    return RunDir(task.parent, "mood", 1)


@pytest.fixture
def run(task: Path) -> RunDir:
    return exported(task)


def rewrite(task: Path, change: dict[int, str]) -> None:
    """Give some seeds another message."""
    rows = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    for line, message in change.items():
        rows[line]["message"] = message
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_folder_holds_each_split_and_a_card_and_can_be_written_again(
    run: RunDir, tmp_path: Path, distill: Distill
) -> None:
    for _ in range(2):
        done = json.loads(distill("push", run.path, "--to", tmp_path / "out", "--license", "cc0-1.0", "--json").out)
        assert done["rows"] == {dataset_folder.path_of(split): count for split, count in SPLITS.items()}
        assert (done["private"], done["url"], done["dry_run"]) == (None, None, False)
    files = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert files == {dataset_folder.README, *done["rows"]}
    card = (tmp_path / "out" / dataset_folder.README).read_text()
    for said in (
        "license: cc0-1.0",
        "- synthetic",
        "teacher: scripted",
        "terms of the teacher: made up",
        "run mood/001",
    ):
        assert said in card, said


def test_a_dry_run_writes_nothing(run: RunDir, tmp_path: Path, distill: Distill) -> None:
    before = sorted(tmp_path.rglob("*"))
    for to in (tmp_path / "out", "hub:org/name"):
        shown = distill("push", run.path, "--to", to, "--dry-run")
        assert shown.code == 0
        assert "would write to" in shown.out
        assert "train-00000-of-00001.parquet (18 rows)" in shown.out
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_with_anything_else_is_left_alone(run: RunDir, tmp_path: Path, distill: Distill) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").write_text("# my own\n")
    refused(distill("push", run.path, "--to", tmp_path / "mine"), "holds files that distill did not write")
    assert (tmp_path / "mine" / "README.md").read_text() == "# my own\n"
    refused(distill("push", run.path, "--to", tmp_path / "task.yaml"), "is a file, expected a folder")


def test_a_push_that_was_killed_can_be_done_again(run: RunDir, tmp_path: Path) -> None:
    """Parquet files without their card are ours: it comes last."""
    data = run_dataset.of_run(run)
    push(data, str(tmp_path / "out"))
    (tmp_path / "out" / dataset_folder.README).unlink()
    assert push(data, str(tmp_path / "out")).rows == {
        dataset_folder.path_of(split): count for split, count in SPLITS.items()
    }


def test_a_credential_in_any_row_stops_it_with_the_rows_id(task: Path, tmp_path: Path, distill: Distill) -> None:
    """In a test row too, which no gate has looked at; it is never shown whole."""
    rewrite(task, dict.fromkeys(range(48), "") | {n: f"case {n * 7919} says {CREDENTIAL}" for n in range(48)})
    task.write_text(task.read_text() + "gates: [schema]\ndedup: {near: 1, typos: false}\n")
    said = distill("push", exported(task).path, "--to", tmp_path / "out")
    assert said.code == 4
    assert "nothing is pushed: train row " in said.err
    assert "OpenAI or Anthropic key" in said.err
    assert CREDENTIAL not in said.err
    assert "and 12 more" in said.err
    assert not (tmp_path / "out").exists()


def test_what_the_spec_keeps_out_of_training_is_not_pushed_as_a_test_row(task: Path, tmp_path: Path) -> None:
    """The gate `pii` drops training rows that name a person; a test row that does stops the push, or stays out of it."""
    rewrite(task, {n: f"case {n * 7919} of anna.lee{n}@acme.com" for n in range(48) if n % 3 == 0})
    task.write_text(task.read_text().replace("accept: 20", "accept: 8") + "gates: [schema, pii]\n")
    data = run_dataset.of_run(exported(task))
    with pytest.raises(
        GateNotMet, match=r"test row \w+: the prompt holds an e-mail address.*--no-test leaves the test rows out"
    ):
        push(data, str(tmp_path / "out"))
    assert list(push(data, str(tmp_path / "out"), tests=False).rows) == [
        dataset_folder.path_of("train"),
        dataset_folder.path_of("valid"),
    ]


def test_the_hub_gets_the_folder_privately(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub", reason="the extra hub is not installed")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with serve() as server:
        done = push(run_dataset.of_run(run), "hub:org/mood", endpoint=server.url)
    assert (done.private, done.url) == (True, f"{server.url}/datasets/org/mood")
    assert server.repos["org/mood"]["private"]
    assert set(server.repos["org/mood"]["files"]) == {dataset_folder.README, *done.rows}
    folder = run.path / "formats" / "hub"
    assert server.repos["org/mood"]["files"][dataset_folder.README] == (folder / dataset_folder.README).read_bytes()


def test_what_cannot_be_meant_is_refused(run: RunDir) -> None:
    data = run_dataset.of_run(run)
    for how, said in (
        ({"to": "hub:name"}, "expected hub:org/name"),
        ({"to": " "}, "--to is empty"),
        ({"to": "out", "public": True}, "--public is for a repository of the hub"),
        ({"to": "out", "license_id": "MIT License"}, "an identifier as the hub has them"),
    ):
        with pytest.raises(UsageError, match=said):
            push(data, **how)  # type: ignore[arg-type]  # options of the table above
