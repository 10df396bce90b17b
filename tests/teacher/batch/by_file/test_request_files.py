"""Names of request files, their writing, and how a change of one is seen."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from distill.teacher.batch import journal
from distill.teacher.batch.by_file import request_files


@pytest.mark.parametrize(
    ("label", "begins"),
    [
        ("mood/001-teacher", "mood-001-teacher-"),
        ("mood/001-evaluate judge org/m: 7b", "mood-001-evaluate-judge-org-m-7b-"),
        ("../.. ", "batch-"),
        ("日本語", "batch-"),
        ("a" * 100, "a" * 60 + "-"),
    ],
)
def test_a_name_says_what_it_is_of_and_is_found_by_its_key(tmp_path: Path, label: str, begins: str) -> None:
    key = journal.new_key(by_file=True)
    name = request_files.name_of(key, label)
    assert name.startswith(begins)
    assert len(name) == len(begins) + 10
    assert not set(name) & set("/\\ :*?\"'$")
    (tmp_path / f"{name}.jsonl").touch()
    assert request_files.of_key(tmp_path, key) == [name]
    assert request_files.of_key(tmp_path, journal.new_key(by_file=True)) == []


def test_a_place_that_takes_no_file_is_named(tmp_path: Path) -> None:
    """A file stands where the folder should be; nothing half is left."""
    (tmp_path / "ours").write_bytes(b"x\n")
    (tmp_path / "requests").touch()
    with pytest.raises(OSError, match=r"requests/a\.jsonl") as refused:
        request_files.write(tmp_path / "ours", tmp_path / "requests" / "a.jsonl")
    assert refused.value.errno in (errno.ENOTDIR, errno.EEXIST)


@pytest.mark.parametrize(
    ("now", "line"), [(b"a\nb\nc\n", None), (b"a\nB\nc\n", 2), (b"a\nb\n", 3), (b"a\nb\nc\nd\n", 4), (b"a\r\nb\nc\n", 1), (None, None)]
)  # fmt: skip
def test_the_first_changed_line_is_found(tmp_path: Path, now: bytes | None, line: int | None) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    request_files_as_written = b"a\nb\nc\n"
    ours.write_bytes(request_files_as_written)
    if now is not None:
        theirs.write_bytes(now)
    assert request_files.first_change(ours, theirs) == line
