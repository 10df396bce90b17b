"""Result files are read as they lie there: whole or half, packed or not, whatever else stands in them."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from answered_folder import encoded
from hypothesis import given
from hypothesis import strategies as st

from distill.teacher.batch.by_file.result_files import Lines, gather, read_file, read_folder

ROWS = [encoded(custom_id=f"{n:032x}-0", response={"status_code": 200}, error=None) for n in range(4)]
NAMES = [f"{n:032x}" for n in range(4)]


def test_rows_stand_with_their_lines(tmp_path: Path) -> None:
    """Windows' line ends, a byte order mark and blank lines are no fault."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + ROWS[0].replace(b"\n", b"\r\n") + b"\r\n" + ROWS[2])
    found = read_file(path)
    assert found.rows == {NAMES[0]: 1, NAMES[2]: 3}
    assert found.faults() == []


@pytest.mark.parametrize("packed", [False, True])
def test_faults_are_named_by_their_lines(tmp_path: Path, packed: bool) -> None:
    whole = ROWS[0] + b"no JSON\n" + ROWS[0] + b'{"id": 1}\n[1]\n' + ROWS[1] + b'{"custom_id": 7}\n' + ROWS[1]
    path = tmp_path / "a.jsonl"
    path.write_bytes(gzip.compress(whole) if packed else whole)
    found = read_file(path)
    assert (found.unreadable, found.repeated) == (Lines(4, 2), Lines(2, 3))
    assert found.rows == {NAMES[0]: 1, NAMES[1]: 6}
    assert found.faults() == [
        "a.jsonl: 4 lines are (the first is line 2) no JSON with a custom_id; the rows they stand for are waited for",
        "a.jsonl: 2 lines are (the first is line 3) of a row that came before; the first line of a row counts",
    ]


@given(st.integers(0, sum(map(len, ROWS))))
def test_a_file_that_is_being_written_has_its_whole_lines_and_no_fault(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "a.jsonl"
    path.write_bytes(b"".join(ROWS)[:cut])
    ends = [sum(map(len, ROWS[: n + 1])) - 1 for n in range(4)]  # the newline may be to come
    found = read_file(path)
    assert list(found.rows) == [name for name, end in zip(NAMES, ends, strict=True) if end <= cut]
    assert found.faults() == []


@given(st.data())
def test_a_packed_file_that_breaks_off_raises_nothing(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    packed = gzip.compress(b"".join(ROWS))
    path = tmp_path_factory.mktemp("cut") / "a.jsonl.gz"
    path.write_bytes(packed[: data.draw(st.integers(0, len(packed)))])
    found = read_file(path)
    assert set(found.rows) <= set(NAMES)
    assert found.faults() == []


def test_a_folder_is_read_again_only_where_a_file_changed(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", ".a.jsonl.part"):
        (tmp_path / name).write_bytes(ROWS[0])
    (tmp_path / "old").mkdir()
    first = read_folder(tmp_path, {})
    assert [one.path.name for one in first] == ["a.jsonl", "b.jsonl"]
    (tmp_path / "a.jsonl").write_bytes(ROWS[0] + ROWS[1])
    os.utime(tmp_path / "a.jsonl", ns=(0, 7))
    again = read_folder(tmp_path, {one.path: one for one in first})
    assert again[1] is first[1]
    assert again[0].rows == {NAMES[0]: 1, NAMES[1]: 2}


def test_lines_of_some_rows_are_gathered_from_every_file(tmp_path: Path) -> None:
    """Lines of other rows, and lines that are none, stay behind; a last line gets its newline."""
    (tmp_path / "a").write_bytes(b"none\n" + ROWS[0] + ROWS[1].rstrip())
    (tmp_path / "b").write_bytes(gzip.compress(ROWS[2] + ROWS[0]))
    (tmp_path / "c").write_bytes(ROWS[3])
    gather(read_folder(tmp_path, {}), {NAMES[0], NAMES[1]}, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == ROWS[0] + ROWS[1] + ROWS[0]


def test_what_is_not_among_some_rows_is_told_in_order(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(ROWS[3] + ROWS[0] + ROWS[1])
    assert read_file(tmp_path / "a").others({NAMES[0]}) == [NAMES[3], NAMES[1]]
