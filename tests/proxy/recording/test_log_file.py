"""Lines are in the file whole, or not at all."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.proxy.recording.log_file import DayLog, whole


@pytest.fixture
def log(tmp_path: Path) -> Iterator[DayLog]:
    made = DayLog(tmp_path / "calls")
    yield made
    made.close()


def test_lines_are_there_when_append_returns(log: DayLog) -> None:
    log.append(b"a\n")
    assert log.path is not None
    assert log.path.read_bytes() == b"a\n"
    log.append(b"b\nc\n")
    assert log.path.read_bytes() == b"a\nb\nc\n"
    assert log.path.stat().st_mode & 0o077 == 0, "others may not read it"


def test_a_line_that_a_kill_tore_is_taken_out(log: DayLog) -> None:
    log.append(b"a\n")
    path = log.path
    assert path is not None
    log.close()
    with path.open("ab") as file:
        file.write(b'{"half": ')
    log.append(b"b\n")
    assert path.read_bytes() == b"a\nb\n"


@given(st.lists(st.sampled_from([b"a", b"\n", b"bc" * 40_000]), max_size=8))
def test_the_end_of_the_last_whole_line_is_found(pieces: list[bytes]) -> None:
    content = b"".join(pieces)
    file = os.memfd_create("log")
    try:
        os.write(file, content)
        assert whole(file) == content.rfind(b"\n") + 1
    finally:
        os.close(file)


def test_a_disk_that_is_full_takes_no_half_line_and_goes_on_when_there_is_room(log: DayLog) -> None:
    """A limit on the length of a file cuts a write in two, as a full disk does."""
    log.append(b"first\n")
    path = log.path
    assert path is not None
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(OSError, match="large"):
            log.append(b"second line\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"first\n"
    log.append(b"third\n")
    assert path.read_bytes() == b"first\nthird\n"


def test_sync_waits_for_nobody_and_close_lets_all_reach_the_disk(log: DayLog) -> None:
    log.sync()
    log.append(b"a\n")
    log.sync()
    log.sync()
    log.close()
    log.close()
