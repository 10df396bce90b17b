"""Old runs are removed, and nothing that is needed or was paid for."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from ended import Distill

from distill.errors import UsageError
from distill.lifecycle import clean
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.rundir import RunDir
from distill.task import stores
from distill.task.run import ORDER
from distill.teacher.progress import Silent


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Three runs of a task, of 1,000 bytes each beside the manifest."""
    (tmp_path / ".distill").mkdir()
    for number in (1, 2, 3):
        folder = RunDir(tmp_path, "mood", number)
        (folder.path / "student").mkdir(parents=True)
        (folder.path / "student" / "adapter.gguf").write_bytes(b"x" * 1000)
        folder.note(teacher="m")
    return tmp_path


def left(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "runs" / "mood").glob("*"))


def kept(home: Path, given: str = "mood", keep: int = 1) -> dict[str, str]:
    return {run.run: run.why for run in clean.plan(given, home, keep=keep).kept}


def test_all_but_the_newest_go_and_their_bytes_are_counted(home: Path) -> None:
    planned = clean.plan("mood", home)
    assert [run.run for run in planned.removed] == ["mood/002", "mood/001"]
    assert 2000 < planned.bytes < 2400
    assert left(home) == ["001", "002", "003"]  # a plan removes nothing
    done = clean.remove(planned)
    assert (done.removed, left(home)) == (planned.removed, ["003"])


@pytest.mark.parametrize(("keep", "rest"), [(0, []), (2, ["002", "003"]), (9, ["001", "002", "003"])])
def test_as_many_stay_as_is_said(home: Path, keep: int, rest: list[str]) -> None:
    clean.remove(clean.plan("mood", home, keep=keep))
    assert (home / "runs" / "mood").exists() is bool(rest)
    assert left(home) == rest


@pytest.mark.parametrize("given", ["mood/001", "runs/mood/001", "runs/mood/001/"])
def test_one_run_by_its_name_or_folder(home: Path, given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    clean.remove(clean.plan(given, home))
    assert left(home) == ["002", "003"]


@pytest.mark.parametrize("given", ["mood/003", "latest"])
def test_the_newest_is_refused_by_name_too(home: Path, given: str) -> None:
    with pytest.raises(UsageError, match=r"not removed: it is the newest run; --keep 0 removes it too"):
        clean.plan(given, home)


def test_a_run_that_is_held_stays_and_one_that_is_taken_meanwhile_too(home: Path) -> None:
    planned = clean.plan("mood", home)
    with RunDir(home, "mood", 1).lock():
        assert "works in it" in kept(home)["mood/001"]
        done = clean.remove(planned)
    assert [run.run for run in done.removed] == ["mood/002"]
    assert "held by process" in next(run.why for run in done.kept if run.run == "mood/001")
    assert left(home) == ["001", "003"]


def test_a_parent_stays_as_long_as_its_child_does(home: Path) -> None:
    RunDir(home, "mood", 2).note(parent="mood/001")
    assert [run.run for run in clean.plan("mood", home).removed] == ["mood/002", "mood/001"]  # both go
    assert "run mood/002 refreshes it" in kept(home, keep=2)["mood/001"]
    with pytest.raises(UsageError, match="remove that one first"):
        clean.plan("mood/001", home)


@pytest.mark.parametrize("name", ["job.json", "hosted.json"])
def test_a_student_that_a_host_was_paid_for_stays(home: Path, name: str) -> None:
    (home / "runs/mood/001/student" / name).write_text('{"model": "ft:m"}')
    assert "tuned at a host and paid for" in kept(home)["mood/001"]


@pytest.mark.parametrize(("right", "stays"), [("null", False), ('"glad"', True), ("torn", True)])
def test_what_a_person_decided_stays(home: Path, right: str, stays: bool) -> None:
    (home / "runs/mood/001/conflicts.jsonl").write_text(f'{{"seed_id": "a", "right": {right}}}\n')
    assert ("mood/001" in kept(home)) is stays


def test_a_link_and_a_broken_manifest(home: Path) -> None:
    (home / "runs/mood/002/manifest.json").write_text("[]")
    (home / "elsewhere").mkdir()
    (home / "runs/mood/000").symlink_to(home / "elsewhere")
    assert "a link" in kept(home)["mood/000"]
    clean.remove(clean.plan("mood", home))
    assert left(home) == ["000", "003"]
    assert (home / "elsewhere").exists()


@pytest.mark.parametrize(
    ("state", "stays"), [("submitted", True), ("creating", True), ("collected", False), ("abandoned", False)]
)
def test_a_run_with_a_batch_job_at_the_host_stays(home: Path, state: str, stays: bool) -> None:
    with stores.opened(home):
        pass
    row = ("k", "mood/001", "teacher", "e", "m", 9, 9, 9, "2026-01-01", state, "batch_7")
    with closing(sqlite3.connect(stores.path_of(home))) as db, db:
        columns = "key, run, spender, endpoint, model, requests, bytes, tokens, made, state, batch_id"
        db.execute(f"INSERT INTO batches ({columns}) VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608 - our own
    assert ("batch job batch_7 is at the host" in kept(home).get("mood/001", "")) is stays
    assert "mood/002" not in kept(home)


def test_what_was_not_removed_to_its_end_goes_with_the_next(home: Path) -> None:
    (home / "runs/mood/.001.99.removed/deep").mkdir(parents=True)
    clean.remove(clean.plan("mood/001", home))
    assert not list((home / "runs/mood").glob(".*"))


def test_answers_stay_and_the_same_spec_runs_again_without_a_call(task: Path) -> None:
    def run(**how: bool) -> int:
        return running.start(open_task(task, env={}), stages=ORDER[:2], watch=Silent(), **how).requests_sent

    run()
    run(new=True)
    clean.remove(clean.plan("mood", task.parent, keep=0))
    assert not (task.parent / "runs" / "mood").exists()
    assert run() == 0


def test_command_asks_first_and_says_what_it_did(home: Path, distill: Distill) -> None:
    said = distill("clean", "mood", "--home", home)
    assert said.code == 2
    assert "nothing was removed: mood/002 (" in said.err
    assert left(home) == ["001", "002", "003"]
    assert json.loads(distill("clean", "mood", "--home", home, "--json").out)["error"]["code"] == 2
    done = distill("clean", "mood/001", "--yes", "--home", home)
    assert done.code == 0
    assert done.out.splitlines()[-1].startswith("1 run removed, 1,0")
    found = json.loads(distill("clean", "mood", "--yes", "--json", "--home", home).out)
    assert [run["run"] for run in found["removed"]] == ["mood/002"]
    assert [run["run"] for run in found["kept"]] == ["mood/003"]
    assert found["bytes"] > 1000
