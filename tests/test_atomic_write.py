"""A file is there whole, or the old one is."""

from __future__ import annotations

import errno
import json
import math
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distill.atomic_write import indented, write_atomic, write_parquet
from distill.records import Json


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


PLAIN = st.none() | st.booleans() | st.integers() | st.text()


def nested(leaves: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.recursive(leaves, lambda some: st.lists(some) | st.dictionaries(st.text(), some), max_leaves=12)


@given(nested(PLAIN))
@example("del \x7f")
@example({"half an emoji": "\ud83d", "whole": "\U0001f600", "empty": [{}, []], "line": "a\u2028\x7f\x00"})
@example([2**64, -(2**70), {1: "a key that is no text"}, math.nan, -math.inf, 0.25])
def test_json_is_written_as_pythons_own_writer_has_it(value: Json) -> None:
    assert indented(value) == json.dumps(value, indent=2)


@given(nested(PLAIN | st.floats(allow_nan=False)))
def test_json_that_is_written_reads_back_the_same_and_is_ascii(value: Json) -> None:
    """Also numbers, whose exponents are spelt in another way."""
    assert json.loads(indented(value)) == value
    assert indented(value).isascii()


@pytest.mark.parametrize("value", [{"a": {1, 2}}, {"a": object()}, Path("a")])
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        indented(value)


def test_a_table_has_one_file_however_it_was_put_together(tmp_path: Path) -> None:
    """Its bytes would tell the parts of a large one."""
    whole = pl.DataFrame({"a": [f"{number * 7919}" * (number % 9) for number in range(20_000)]})
    parts = pl.concat([whole.slice(start, 3_000) for start in range(0, 20_000, 3_000)])
    for name, frame in (("whole", whole), ("parts", parts)):
        write_parquet(tmp_path / name, frame)
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "parts").read_bytes()
