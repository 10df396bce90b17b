"""What a clean-up takes: bytes without a row, ended jobs without a model; and nothing else."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from distill.host.home import Home
from distill.host.run import SCHEMAS
from distill.host.state import cleaning, files, jobs, models, uploads
from distill.host.state.database import Database
from distill.host.state.jobs import Job

JOBS = {
    "runs": "running", "waits": "queued", "tuned": "succeeded", "gone": "succeeded", "failed": "failed", "parent": "succeeded",
}  # fmt: skip
"""Job → its state; `waits` trains on the tune of `parent`, which was deleted."""


@pytest.fixture
def db(tmp_path: Path) -> Database:
    made = Database(Home(tmp_path).database, SCHEMAS)
    for job_id, status in JOBS.items():
        folder = Home(tmp_path).job(job_id)
        parent = str(Home(tmp_path).job("parent") / "deep") if job_id == "waits" else ""
        jobs.add(made, Job(job_id, 1.0, status, "x", "x", f"ft:x:{job_id}", "file-1", {}, parent=parent))
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "weights").write_bytes(b"w" * 1000)
    for job_id in ("tuned", "gone", "parent"):
        models.add(made, f"ft:x:{job_id}", base="x", job_id=job_id, folder=Home(tmp_path).job(job_id))
    for job_id in ("gone", "parent"):
        models.delete(made, f"ft:x:{job_id}")
    Home(tmp_path).job("never").mkdir()
    return made


def test_what_is_needed_stays(db: Database, tmp_path: Path) -> None:
    home = Home(tmp_path)
    file = files.add(db, home, "a", "batch", b"x" * 100)
    upload = uploads.create(db, filename="a", purpose="batch", size=9, lasts_s=None)
    part = uploads.add_part(db, home, upload, b"part")
    (home.files / "file-without-row").write_bytes(b"o" * 10)
    (home.files / ".incoming-x").write_bytes(b"o" * 10)
    found = cleaning.usage(db, home)
    assert (found.removable.count, found.removable.bytes) == (5, 2020)
    assert {one.what for one in found.held} >= {
        "files for batch",
        "parts of uploads",
        "left by a crash, or on their way in",
    }
    assert found.bytes > 5100
    taken = cleaning.clean_up(db, home)
    assert (taken.count, taken.bytes) == (5, 2020)
    assert part
    assert {one.name for one in home.files.iterdir()} == {file.id, part.id}
    assert {one.name for one in home.job("x").parent.iterdir()} == {"runs", "waits", "tuned", "parent"}
    assert cleaning.clean_up(db, home).count == 0


def test_parts_of_an_upload_that_had_ended_when_it_crashed(db: Database, tmp_path: Path) -> None:
    home = Home(tmp_path)
    upload = uploads.create(db, filename="a", purpose="batch", size=4, lasts_s=None)
    uploads.add_part(db, home, upload, b"part")
    db.write("UPDATE uploads SET status = 'completed'")
    db.write("INSERT INTO files VALUES ('file-old', 'a', 'batch', 1, 1, ?)", (time.time() - 1,))
    cleaning.sweep(db, home)
    assert list(home.files.iterdir()) == []
    assert files.every(db) == []
