"""A run's folder: whole files or none, one holder, numbers in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill import rundir
from distill.errors import UsageError
from distill.rundir import RunDir


def test_the_hash_of_a_folder_sees_names_and_bytes(tmp_path: Path) -> None:
    """A renamed file, a changed byte and an absent file all show."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a").write_bytes(b"1")
    seen = {rundir.file_hash(tmp_path / "d"), rundir.file_hash(tmp_path / "none")}
    (tmp_path / "d" / "a").rename(tmp_path / "d" / "b")
    seen.add(rundir.file_hash(tmp_path / "d"))
    (tmp_path / "d" / "b").write_bytes(b"2")
    seen.add(rundir.file_hash(tmp_path / "d"))
    assert len(seen) == 4


def test_a_run_is_held_by_one(tmp_path: Path) -> None:
    """The second holder is refused with the first one's process, and may have it afterwards."""
    import os

    run = RunDir(tmp_path, "t", 1)
    with run.lock(), pytest.raises(UsageError, match=f"held by process {os.getpid()}"), run.lock():
        pass
    with run.lock():
        pass


def test_runs_are_found_by_name_folder_or_task(tmp_path: Path) -> None:
    """`t/002`, its folder, and `t` for the newest; anything else lists what there is."""
    for number in (1, 2, 10):
        (tmp_path / "runs" / "t" / f"{number:03d}").mkdir(parents=True)
    assert rundir.find(tmp_path, "t/002") == RunDir(tmp_path, "t", 2)
    assert rundir.find(tmp_path, str(tmp_path / "runs" / "t" / "001")) == RunDir(tmp_path, "t", 1)
    assert rundir.find(tmp_path, "t") == RunDir(tmp_path, "t", 10)
    with pytest.raises(UsageError, match="t/001, t/002, t/010"):
        rundir.find(tmp_path, "t/003")


def test_a_broken_manifest_is_named(tmp_path: Path) -> None:
    """Not a traceback, and the next move."""
    run = RunDir(tmp_path, "t", 1)
    run.path.mkdir(parents=True)
    (run / rundir.MANIFEST).write_text("{")
    with pytest.raises(UsageError, match="move this one file away"):
        run.manifest()


def test_a_folder_that_is_called_as_the_task_is_does_not_hide_its_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`distill init t` made it; `t` means the task's newest run all the same."""
    (tmp_path / "runs" / "t" / "001").mkdir(parents=True)
    (tmp_path / "t").mkdir()
    monkeypatch.chdir(tmp_path)
    assert rundir.find(tmp_path, "t") == rundir.find(tmp_path, "t/001") == RunDir(tmp_path, "t", 1)
