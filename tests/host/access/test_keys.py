"""A key guards every address but this machine's own; web pages are not let in without one."""

from __future__ import annotations

import pytest

from distill.errors import UsageError
from distill.host.access.keys import check_key, check_page, check_start, loopback
from distill.protocol.error import ApiError

EVERYWHERE = "0.0.0.0"  # noqa: S104  # read, never bound
KEYS = ("a-long-random-key-1", "a-long-random-key-2")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "LOCALHOST."])
def test_this_machine_needs_no_key(address: str) -> None:
    assert loopback(address)
    check_start(address, (), None)


@pytest.mark.parametrize("address", [EVERYWHERE, "::", "192.168.1.4", "host.example", "", "127.0.0.1.example"])
def test_any_other_address_does(address: str) -> None:
    with pytest.raises(UsageError, match="--key-env"):
        check_start(address, (), None)
    check_start(address, KEYS, "HOST_KEY")


def test_a_key_that_guards_nothing() -> None:
    with pytest.raises(UsageError, match="HOST_KEY"):
        check_start("127.0.0.1", (), "HOST_KEY")
    with pytest.raises(UsageError, match="16 characters"):
        check_start(EVERYWHERE, ("short",), "HOST_KEY")
    check_start("127.0.0.1", ("short",), "HOST_KEY")


def test_keys() -> None:
    assert check_key(f"Bearer {KEYS[1]}", KEYS) == KEYS[1]
    assert check_key(f"bearer  {KEYS[0]} ", KEYS) == KEYS[0]
    assert check_key("Bearer anything", ()) == ""
    for given in (
        "",
        "Bearer",
        "Bearer ",
        KEYS[0],
        f"Basic {KEYS[0]}",
        f"Bearer {KEYS[0]}x",
        "Bearer \xff\xfe",
        "Bearer \udcff",
    ):
        with pytest.raises(ApiError) as refused:
            check_key(given, KEYS)
        assert (refused.value.status, refused.value.code) == (401, "invalid_api_key")


@pytest.mark.parametrize(
    "headers",
    [{"host": "evil.example:8000"}, {"host": "localhost:8000", "origin": "https://evil.example"}, {"host": "localhost", "origin": "null"},
     {"host": "127.0.0.1:8000", "origin": "http://[bad"}],
)  # fmt: skip
def test_pages_of_elsewhere(headers: dict[str, str]) -> None:
    """A name that was made to lead here, or a form that a page sends."""
    with pytest.raises(ApiError) as refused:
        check_page(headers, guarded=False)
    assert refused.value.status == 403
    check_page(headers, guarded=True)


@pytest.mark.parametrize(
    "headers",
    [{}, {"host": "localhost:8000"}, {"host": "[::1]:8000", "origin": "http://localhost:3000"}, {"host": "127.0.0.1"}],
)
def test_programs_of_this_machine(headers: dict[str, str]) -> None:
    check_page(headers, guarded=False)
