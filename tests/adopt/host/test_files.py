"""Files come byte for byte; one that is gone, refused or no file has its reason and stops no other."""

from __future__ import annotations

import base64
from pathlib import Path

import old_tunes
import pytest
import tuning_host
from hypothesis import given
from hypothesis import strategies as st

from distill.adopt.host import access
from distill.adopt.host.files import TuneFile, csv_of, fetch, wanted
from distill.adopt.host.tunes import Tune
from distill.errors import AccessRefused

KEY = "sk-proj-abcdef1234567890"
DATA = b"\xef\xbb\xbf{\xff\x00 broken\r\n"


async def fetched(host: tuning_host.TuningHost, file_id: str, folder: Path, role: str = "training") -> TuneFile:
    async with access.opened(access.address_of(host.base_url, "K", {"K": KEY})) as client:
        return await fetch(client, role, file_id, "training.jsonl", folder)  # type: ignore[arg-type]  # a plain text for the role


async def test_a_file_is_kept_to_the_byte(tmp_path: Path) -> None:
    async with tuning_host.serve() as host:
        found = await fetched(host, old_tunes.uploaded(host, DATA), tmp_path)
    assert (found.state, found.bytes, found.here) == ("saved", len(DATA), True)
    assert (tmp_path / "training.jsonl").read_bytes() == DATA


@pytest.mark.parametrize(("status", "state"), [(403, "refused"), (400, "refused"), (404, "gone"), (410, "gone")])
async def test_what_the_host_does_not_give_has_its_words(tmp_path: Path, status: int, state: str) -> None:
    async with tuning_host.serve() as host:
        host.refused["/content"] = status
        found = await fetched(host, old_tunes.uploaded(host, DATA), tmp_path)
    assert (found.state, found.here) == (state, False)
    assert "Your organization may not do this with [key]" in found.why
    assert not (tmp_path / "training.jsonl").exists()


async def test_a_key_that_is_refused_stops_all(tmp_path: Path) -> None:
    async with tuning_host.serve() as host:
        host.refused["/content"] = 401
        with pytest.raises(AccessRefused):
            await fetched(host, "file-1", tmp_path)


async def test_a_page_in_place_of_a_file_is_none(tmp_path: Path) -> None:
    async with tuning_host.serve() as host:
        found = await fetched(host, old_tunes.uploaded(host, b" <!DOCTYPE html><p>sign in"), tmp_path)
    assert (found.state, found.why) == ("refused", "a web page came in place of the file")


@given(st.lists(st.tuples(st.integers(), st.floats(allow_nan=False)), min_size=1))
def test_losses_are_csv_however_they_came(losses: list[tuple[int, float]]) -> None:
    plain = b"step,loss\n" + b"".join(f"{step},{loss}\n".encode() for step, loss in losses)
    assert csv_of(plain) == csv_of(base64.b64encode(plain)) == csv_of(base64.encodebytes(plain)) == plain


def test_what_is_neither_stays_as_it_is() -> None:
    assert [csv_of(data) for data in (b"", b"no base64!", b"abc")] == [b"", b"no base64!", b"abc"]


def test_each_file_has_a_name_of_its_own() -> None:
    tune = Tune("j", "ft:a", "a", "succeeded", training_file="f1", validation_file="f2", result_files=["f3", "f4"])
    assert [name for _, _, name in wanted(tune)] == ["training.jsonl", "validation.jsonl", "result.csv", "result-2.csv"]
