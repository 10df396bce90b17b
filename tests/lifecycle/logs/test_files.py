from __future__ import annotations

import os
from pathlib import Path

import pytest

from distill.errors import SpecError
from distill.lifecycle.logs.files import kind_of, log_files


def test_a_folder_a_pattern_and_a_file_each_once(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.log", "sub/c.jsonl.gz", "notes.txt", ".hidden.jsonl", "d.log.1"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}\n")
    found = log_files([tmp_path, tmp_path / "*.log", tmp_path / "a.jsonl"])
    assert [file.name for file in found] == ["a.jsonl", "b.log", "d.log.1", "c.jsonl.gz"]


@pytest.mark.parametrize(
    ("name", "kind"), [("a.jsonl.gz", ".jsonl"), ("app.log.3", ".log"), ("A.JSON", ".json"), ("x.2026.jsonl", ".jsonl")]
)
def test_what_a_name_says(name: str, kind: str) -> None:
    assert kind_of(Path(name)) == kind


def test_every_wrong_path_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}\n")
    (tmp_path / "b.xml").write_text("<a/>")
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe.jsonl")
    with pytest.raises(SpecError) as error:
        log_files([tmp_path / name for name in ("c.jsonl", "b.xml", "empty", "*.csv", "pipe.jsonl")])
    said = str(error.value)
    assert "5 faults" in said
    assert "the folder holds a.jsonl" in said
    with pytest.raises(SpecError, match="no log is named"):
        log_files([])
