"""Hosts are asked when their models end; what they say is kept."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import tuning_host

from distill.lifecycle.calendar.told import ToldDate, ask_hosts, key_of, read_told
from distill.teacher.endpoint.address import Address

TODAY = date(2026, 11, 30)


async def test_what_a_host_says_is_kept_and_outlives_its_silence(tmp_path: Path) -> None:
    async with tuning_host.serve() as host:
        gone, there = (Address(name, base_url=host.base_url, timeout_s=5) for name in ("retired-1", "m"))
        by_file = Address("retired-1", by_file=True, key="k")  # has no host to be asked
        found = await ask_hosts(tmp_path, [gone, there, gone, Address("scripted"), by_file], TODAY)
    assert found == {key_of(gone): ToldDate("2026-01-01", "2026-11-30")}
    assert read_told(tmp_path) == found
    assert await ask_hosts(tmp_path, [gone], date(2026, 12, 24)) == found  # nobody answers now


def test_no_password_is_a_part_of_a_name() -> None:
    assert key_of(Address("m", base_url="http://me:hunter2secret@host/v1")) == "http://host/v1 m"


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', '{"a": {"shutdown_date": "soon", "asked": "2026-11-30"}}'])
def test_a_file_that_cannot_be_read_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / ".distill").mkdir()
    (tmp_path / ".distill" / "shutdown_dates.json").write_text(text)
    assert read_told(tmp_path) == {}
