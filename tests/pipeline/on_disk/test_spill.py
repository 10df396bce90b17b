"""Steps that are done are kept; what a disk refuses, or lost, is one line."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from distill.errors import DistillError, UsageError
from distill.pipeline.on_disk.spill import Spill, need


def write(folder: Path) -> Mapping[str, int]:
    (folder / "rows.bin").write_bytes(b"rows")
    return {"rows": 4}


def never(_: Path) -> Mapping[str, int]:
    raise AssertionError("it was done before")


def test_a_step_that_is_done_is_not_done_again(tmp_path: Path) -> None:
    Spill.opened(tmp_path / "spill", "key", print).step("read", write)
    again = Spill.opened(tmp_path / "spill", "key", print)
    assert (again.step("read", never) / "rows.bin").read_bytes() == b"rows"
    assert again.noted("read") == {"rows": 4}


def test_other_settings_begin_anew(tmp_path: Path) -> None:
    Spill.opened(tmp_path / "spill", "key", print).step("read", write)
    with pytest.raises(AssertionError, match="done before"):
        Spill.opened(tmp_path / "spill", "another", print).step("read", never)


@pytest.mark.parametrize(("left", "said"), [(b"ro", "is 2 of 4 bytes"), (None, "is gone")])
def test_a_file_that_is_cut_or_gone_is_named_and_its_step_done_again(
    tmp_path: Path, left: bytes | None, said: str
) -> None:
    first = Spill.opened(tmp_path / "spill", "key", print)
    first.step("read", write)
    first.step("sort", write)
    file = tmp_path / "spill" / "read" / "rows.bin"
    file.unlink() if left is None else file.write_bytes(left)
    lines: list[str] = []
    again = Spill.opened(tmp_path / "spill", "key", lines.append)
    assert lines == [f"  {file} {said}: step read and those after it are done again"]
    assert (again.step("read", write) / "rows.bin").read_bytes() == b"rows"
    assert not (tmp_path / "spill" / "sort").exists()


def full(_: Path) -> Mapping[str, int]:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_keeps_the_steps_before_and_says_how_to_go_on(tmp_path: Path) -> None:
    spill = Spill.opened(tmp_path / "spill", "key", print)
    spill.step("read", write)
    with pytest.raises(
        DistillError, match=r"step sort: the disk of .* is full \(.* GB free\); the steps before it are kept"
    ):
        spill.step("sort", full)
    Spill.opened(tmp_path / "spill", "key", print).step("read", never)


def test_a_file_that_goes_while_it_is_read_is_no_fault_of_ours(tmp_path: Path) -> None:
    spill = Spill.opened(tmp_path / "spill", "key", print)
    with pytest.raises(DistillError, match="is gone or was cut while it was needed"):
        spill.step("sort", lambda folder: {"rows": pl.read_parquet(folder / "none.parquet").height})
    torn = tmp_path / "torn.parquet"
    torn.write_bytes(b"PAR1 and no end")
    with pytest.raises(DistillError, match="is gone or was cut while it was needed"):
        spill.step("sort", lambda _: {"rows": pl.read_parquet(torn).height})


def test_too_little_room_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"about 7 rows take some 9{9}\.0 GB in .*; free some, or name another folder with --spill"
    ):
        need(tmp_path / "spill", 999_999_999 * 10**9, 7)
    need(tmp_path / "spill", 1, 7)
