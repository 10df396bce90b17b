"""What is there and what is on its way stay below the quota together; a disk without room is refused beforehand."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from distill.host.access.quota import DiskQuota
from distill.host.home import Home
from distill.host.run import SCHEMAS
from distill.host.state import files
from distill.host.state.database import Database
from distill.protocol.error import ApiError


@pytest.fixture
def quota(tmp_path: Path) -> DiskQuota:
    home = Home(tmp_path)
    (home.job("ftjob-1") / "checkpoints").mkdir(parents=True)
    (home.job("ftjob-1") / "checkpoints" / "a").write_bytes(b"x" * 300)
    db = Database(home.database, SCHEMAS)
    files.add(db, home, "a", "batch", b"x" * 500)
    return DiskQuota(home, db, 1000)


def test_files_jobs_and_what_comes(quota: DiskQuota) -> None:
    quota.check(200)
    with pytest.raises(ApiError, match="do not fit") as refused:
        quota.check(201)
    assert (refused.value.status, refused.value.code) == (400, "quota_exceeded")
    quota.coming("a", 150)
    quota.coming("a", 100)
    with pytest.raises(ApiError):
        quota.coming("b", 51)
    quota.coming("b", 50)
    quota.settled("a")
    quota.coming("b", 200)


def test_a_disk_without_room(quota: DiskQuota, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1 << 20))
    with pytest.raises(ApiError) as refused:
        quota.check(1)
    assert (refused.value.status, refused.value.code) == (503, "no_space")
