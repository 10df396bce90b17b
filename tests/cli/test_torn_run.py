"""Files of a run that are gone or torn: one line with the file and the verb that makes it anew, and that verb does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ended import Distill, refused

TORN = {"gone": None, "garbage": b"PAR1\x00\xff", "a list": b"[]"}
READERS = {
    "samples.parquet": ("show", "curate"),
    "dropped.parquet": ("report", "curate"),
    "seeds.parquet": ("curate", "generate"),
    "asked.parquet": ("curate", "generate"),
    "funnel.json": ("report", "curate"),
    "calls.parquet": ("report", "evaluate"),
    "comparison.json": ("report", "evaluate"),
    "expect.json": ("report", "export"),
}
"""File → the verb that reads it, and the one that makes it."""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, to be copied."""
    return tmp_path_factory.mktemp("done")


@pytest.fixture
def finished(task: Path, done: Path, distill: Distill) -> Path:
    """The spec of a task whose run is finished."""
    if not (done / "runs").is_dir():
        assert distill("run", task).code == 0
        for name in ("runs", ".distill"):
            shutil.copytree(task.parent / name, done / name)
    else:
        for name in ("runs", ".distill"):
            shutil.copytree(done / name, task.parent / name)
    return task


@pytest.mark.parametrize("how", TORN)
@pytest.mark.parametrize("name", READERS)
def test_a_torn_file_names_the_verb_that_makes_it(
    finished: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch, name: str, how: str
) -> None:
    """The verb that the message names mends it, without a call; then the first one works."""
    monkeypatch.chdir(finished.parent)
    reader, maker = READERS[name]
    path = finished.parent / "runs" / "mood" / "001" / name
    if (data := TORN[how]) is None:
        path.unlink()
    else:
        path.write_bytes(data)
    said = distill(reader, "mood" if reader == "show" else finished)
    if said.code != 0:  # an empty object may be all that a reader needs, or the file one that it can do without
        refused(said, name, f"distill {maker}")
    made = distill(maker, finished)
    assert made.code == 0, made
    assert " 0 requests sent" in made.out
    assert distill(reader, "mood" if reader == "show" else finished).code == 0


@pytest.mark.parametrize("name", [*READERS, "manifest.json", "train.jsonl", "report.html", "spec.json", ".lock"])
def test_a_folder_in_place_of_a_file_is_told(finished: Path, distill: Distill, name: str) -> None:
    path = finished.parent / "runs" / "mood" / "001" / name
    path.unlink(missing_ok=True)
    path.mkdir()
    said = distill("run", finished)
    assert said.code == 2, said
    assert str(path) in said.err
    assert "folder, expected a file; move" in said.err
    path.rmdir()
    assert distill("run", finished).code == 0


@pytest.mark.parametrize("name", [one for one in READERS if one.endswith(".parquet")])
def test_a_table_of_other_columns_is_torn_too(
    finished: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    import polars as pl

    monkeypatch.chdir(finished.parent)
    reader, maker = READERS[name]
    pl.DataFrame({"x": [1]}).write_parquet(finished.parent / "runs" / "mood" / "001" / name)
    said = distill(reader, "mood" if reader == "show" else finished)
    if said.code != 0:
        refused(said, name, f"distill {maker}")
    assert distill(maker, finished).code == 0


@pytest.mark.parametrize("data", [b"garbage" * 99, b"SQLite format 3\0" + b"\1" * 500])
def test_a_store_that_is_none_is_not_to_be_thrown_away(finished: Path, distill: Distill, data: bytes) -> None:
    """It holds what was paid for; who only reads says so as who writes does."""
    (finished.parent / ".distill" / "answers.db").write_bytes(data)
    for verb in (["status", finished], ["explain", finished, "5"]):
        refused(distill(*verb), "answers.db", "keep it", "paid answers")


def test_a_store_of_a_newer_version_is_not_read(finished: Path, distill: Distill) -> None:
    import sqlite3

    with sqlite3.connect(finished.parent / ".distill" / "answers.db") as db:
        db.execute("PRAGMA user_version=99")
    for verb in ("status", "run"):
        refused(distill(verb, finished), "version 99", "upgrade it")


@pytest.mark.parametrize(
    "data",
    [b"[]", b"{}", b"nonsense", b'{"stages": []}', b'{"stages": {"generate": 5}}', b'{"stages": {}, "parent": 3}'],
)
def test_a_torn_manifest_is_one_file_to_move_away(finished: Path, distill: Distill, data: bytes) -> None:
    """Every verb says so; without it the run is done anew, and nothing is asked again."""
    manifest = finished.parent / "runs" / "mood" / "001" / "manifest.json"
    manifest.write_bytes(data)
    for verb in ("run", "status", "report"):
        refused(distill(verb, finished), "manifest.json", "move this one file away")
    if data == b"[]":
        manifest.unlink()
        said = distill("run", finished)
        assert said.code == 0
        assert " 0 requests sent" in said.out
