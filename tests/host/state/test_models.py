"""Tunes by the names that clients say."""

from __future__ import annotations

from pathlib import Path

from distill.host.state import models
from distill.host.state.database import Database


def test_added_once_and_deleted_once(tmp_path: Path) -> None:
    db = Database(tmp_path / "host.db", [models.SCHEMA])
    models.add(db, "ft:a", base="b", job_id="ftjob-1", folder=tmp_path)
    models.add(db, "ft:a", base="other", job_id="ftjob-2", folder=tmp_path)
    found = models.get(db, "ft:a")
    assert found
    assert (found.base, found.job_id, found.folder) == ("b", "ftjob-1", tmp_path)
    assert models.every(db) == [found]
    assert models.delete(db, "ft:a")
    assert not models.delete(db, "ft:a")
    assert models.get(db, "ft:a") is None
    assert models.every(db) == []
    db.close()
