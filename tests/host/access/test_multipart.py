"""A form that is read as it comes is the form that was sent, however it is cut; and nothing is left aside of one that fails."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hosting import form
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect, Request

from distill.host.access.multipart import received
from distill.host.access.quota import DiskQuota
from distill.host.home import Home
from distill.host.run import SCHEMAS
from distill.host.state import files
from distill.host.state.database import Database
from distill.protocol.error import ApiError


def request(body: bytes, kind: str, cuts: Sequence[int] = (), *, hangs_up: bool = False) -> Request:
    ends = sorted({min(cut, len(body)) for cut in cuts} | {len(body)})
    pieces = [body[start:stop] for start, stop in zip([0, *ends], ends, strict=False)]
    waiting = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    waiting.append(
        {"type": "http.disconnect"} if hangs_up else {"type": "http.request", "body": b"", "more_body": False}
    )

    async def receive() -> dict[str, object]:
        return waiting.pop(0)

    return Request({"type": "http", "method": "POST", "headers": [(b"content-type", kind.encode())]}, receive)  # type: ignore[arg-type]  # a stand-in for ASGI that only receives


@pytest.fixture(scope="module")
def quota(tmp_path_factory: pytest.TempPathFactory) -> DiskQuota:
    home = Home(tmp_path_factory.mktemp("quota"))
    return DiskQuota(home, Database(home.database, SCHEMAS), 1 << 30)


def aside(quota: DiskQuota) -> list[Path]:
    return list(quota.home.files.glob(".*"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=300).filter(lambda data: b"--XX" not in data),
    st.text("abc ü😀'=;", max_size=20),
    st.lists(st.integers(0, 900), max_size=8),
)
async def test_what_was_sent(quota: DiskQuota, data: bytes, name: str, cuts: list[int]) -> None:
    body, kind = form(("purpose", None, b"batch"), ("file", name, data), ("note", None, "ä".encode()))
    async with received(request(body, kind, cuts), files.aside(quota.home), file_field="file", quota=quota) as got:
        assert (got.path.read_bytes(), got.size) == (data, len(data))
        assert got.filename == name
        assert got.fields == {"purpose": "batch", "note": "ä"}
    assert aside(quota) == []


BODY, KIND = form(("purpose", None, b"batch"), ("file", "a", b"data"))


@pytest.mark.parametrize(
    ("body", "kind", "part"),
    [
        (BODY, "application/json", "multipart"),
        (BODY, "multipart/form-data", "boundary"),
        (BODY, "multipart/form-data; boundary=" + "x" * 999, "oundary"),
        (BODY[:-8], KIND, "middle"),
        (BODY[:30], KIND, "middle"),
        (b"nonsense", KIND, "read"),
        (b"", KIND, "middle"),
        (form(("purpose", None, b"batch"))[0], KIND, "no file"),
        (form(("file", "a", b"1"), ("file", "b", b"2"))[0], KIND, "more than one"),
        (form(("other", "a", b"1"))[0], KIND, "Unexpected"),
        (form(("purpose", None, b"x" * 70_000))[0], KIND, "too long"),
        (form(*[(f"f{n}", None, b"") for n in range(40)])[0], KIND, "Unexpected"),
        (b"--XX\r\n" + b"h: v\r\n" * 99 + b"\r\n\r\n--XX--\r\n", KIND, "read"),
    ],
)
async def test_what_is_no_form_with_a_file(quota: DiskQuota, body: bytes, kind: str, part: str) -> None:
    with pytest.raises(ApiError, match=part):
        async with received(request(body, kind), files.aside(quota.home), file_field="file", quota=quota):
            pass
    assert aside(quota) == []


async def test_a_client_that_hangs_up(quota: DiskQuota) -> None:
    with pytest.raises(ClientDisconnect):
        async with received(
            request(BODY[:60], KIND, hangs_up=True), files.aside(quota.home), file_field="file", quota=quota
        ):
            pass
    assert aside(quota) == []


async def test_quota_is_held_on_the_way(quota: DiskQuota, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody announced how much comes."""
    monkeypatch.setattr(quota, "most", 3 << 20)
    body, kind = form(("file", "a", b"x" * (5 << 20)))
    cuts = range(0, len(body), 1 << 19)
    with pytest.raises(ApiError, match="do not fit"):
        async with received(request(body, kind, cuts), files.aside(quota.home), file_field="file", quota=quota):
            pass
    assert aside(quota) == []
    quota.check(3 << 20)
