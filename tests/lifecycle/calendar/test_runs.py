"""What run folders say, and what is said of those that cannot be read."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from distill.lifecycle.calendar.runs import runs_of
from distill.rundir import RunDir

MORNING = datetime.fromisoformat("2026-11-20T08:00:00").timestamp()


def made(home: Path, number: int, *stages: str, **more: int) -> RunDir:
    run = RunDir(home, "mood", number)
    run.path.mkdir(parents=True)
    for n, stage in enumerate(stages):
        entry = {"started": MORNING + 86400 * n, "seconds": 60.0, **(more if stage == "generate" else {})}
        run.record(stage, entry | ({"verdict": "distil"} if stage == "evaluate" else {}))
    return run


WHOLE = ("generate", "curate", "export", "train", "evaluate", "report")


@pytest.mark.parametrize(
    ("stages", "owed", "state", "stage"),
    [
        (WHOLE, 0, "finished", "report"),
        (WHOLE, 3, "finished", "report"),  # --partial went on without them
        (WHOLE[:1], 3, "pending", "generate"),
        (WHOLE[:4], 0, "stopped", "train"),
        ((), 0, "stopped", ""),
    ],
)
def test_the_state_of_the_newest_run(
    tmp_path: Path, stages: tuple[str, ...], owed: int, state: str, stage: str
) -> None:
    made(tmp_path, 1, *stages, owed=owed)
    newest = runs_of(tmp_path, "mood").newest
    assert newest is not None
    assert (newest.run, newest.state, newest.stage, newest.pending) == ("mood/001", state, stage, owed)
    assert newest.began == ("2026-11-20" if stages else "")
    assert newest.finished == ("2026-11-25" if "report" in stages else "")


def test_a_run_that_a_process_holds_is_at_work(tmp_path: Path) -> None:
    run = made(tmp_path, 1, "generate")
    with run.lock():
        newest = runs_of(tmp_path, "mood").newest
    assert newest is not None
    assert newest.state == "working"
    assert newest.held_by


def test_the_newest_and_the_newest_finished_run(tmp_path: Path) -> None:
    for number, stages in ((1, WHOLE), (2, WHOLE), (3, WHOLE[:2])):
        made(tmp_path, number, *stages)
    found = runs_of(tmp_path, "mood")
    assert found.newest is not None
    assert found.finished is not None
    assert (found.newest.run, found.finished.run, found.finished.verdict) == ("mood/003", "mood/002", "distil")
    assert not found.finished.promoted


def test_folders_that_cannot_be_read_are_named_and_the_one_before_stands_in(tmp_path: Path) -> None:
    made(tmp_path, 1, *WHOLE)
    (made(tmp_path, 2, *WHOLE).path / "manifest.json").write_text('{"stages": {"generate": {"started": "soon"}}}')
    (made(tmp_path, 3, *WHOLE).path / "manifest.json").write_text("[]")
    half = made(tmp_path, 4, *WHOLE)
    (half.path / "report.html").touch()
    (half.path / "manifest.json").unlink()
    (tmp_path / "runs" / "mood" / "005").write_text("no folder")
    found = runs_of(tmp_path, "mood")
    assert found.newest is not None
    assert (found.newest.run, found.finished.run if found.finished else "") == ("mood/001", "mood/001")
    assert [one.split(":")[0] for one in found.broken] == [f"run mood/00{n}" for n in (5, 4, 3, 2)]
    assert "expected a folder" in found.broken[0]
    assert "manifest.json is gone" in found.broken[1]


def test_no_run(tmp_path: Path) -> None:
    assert runs_of(tmp_path, "mood") == (None, None, [])
