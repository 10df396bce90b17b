"""A file is there whole, or the old one is."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from distill.atomic_write import write_atomic, write_parquet


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up between open and rename costs nothing."""
    path = tmp_path / "a.json"
    write_atomic(path, b"old")

    def full(_fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


FULL = """
import os, resource, signal, sys
from pathlib import Path
import polars as pl
from distill.atomic_write import write_parquet
path = Path(sys.argv[1])
write_parquet(path, pl.DataFrame({"a": ["old"]}))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    write_parquet(path, pl.DataFrame({"a": [os.urandom(50).hex() for _ in range(5_000)]}))
except OSError as fault:
    print(fault.filename, fault.strerror, pl.read_parquet(path)["a"].to_list(), os.listdir(path.parent))
"""


def test_a_table_for_which_there_is_no_room_is_an_error_of_the_system_and_leaves_the_old_one(tmp_path: Path) -> None:
    """Polars writes the file itself and calls what the system says a fault of the format."""
    path = tmp_path / "a.parquet"
    said = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True).stdout
    assert said == f"{path} File too large ['old'] ['a.parquet']\n"


def test_a_table_has_one_file_however_it_was_put_together(tmp_path: Path) -> None:
    """Its bytes would tell the parts of a large one."""
    whole = pl.DataFrame({"a": [f"{number * 7919}" * (number % 9) for number in range(20_000)]})
    parts = pl.concat([whole.slice(start, 3_000) for start in range(0, 20_000, 3_000)])
    for name, frame in (("whole", whole), ("parts", parts)):
        write_parquet(tmp_path / name, frame)
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "parts").read_bytes()
