"""What cannot be sent is found before anything is, and named without its value."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.records import Ended, Request
from distill.teacher.endpoint import sdk, wire
from distill.teacher.endpoint.address import Address
from distill.teacher.endpoint.client import Endpoint
from distill.testing.fault_server import serve

ASKED = Request("x", {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8})
KEY = "sk-CANARY-7f3a9b2c"
BAD_KEYS = [f"{KEY}\nx", f"{KEY}\rx", f"{KEY}\0x", f"{KEY}\x1bx", f"{KEY}\u20ac", f"{KEY}\xe9", f"{KEY}\u200bx"]
BAD_URLS = [
    "http://h:99999/v1", "http://h:abc/v1", "http://h:0/v1", "ftp://h/v1", "h/v1", "//h/v1", "http://exa mple/v1",
    "http://[::1/v1", "http://h\n/v1", "http:///v1", "http://a..b/v1", "file:///etc/passwd", "http://h:-1/v1",
]  # fmt: skip


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_that_no_header_can_carry_is_named_by_its_variable_only(key: str) -> None:
    with pytest.raises(UsageError, match=r"\$MY_KEY cannot be sent") as said:
        Address("m", "http://127.0.0.1:1/v1", key=key, key_env="MY_KEY").check()
    assert "CANARY" not in str(said.value)


@pytest.mark.parametrize("url", BAD_URLS)
def test_what_is_no_address_is_said_at_opening(url: str) -> None:
    with pytest.raises(UsageError, match="base_url"):
        Address("m", url, key=KEY).check()


def test_a_user_in_the_address_is_refused_without_its_password() -> None:
    both = Address("m", "http://bob:swordfish7@127.0.0.1:1/v1", key=KEY)
    for one in (both, replace(both, key=None)):
        with pytest.raises(UsageError, match="holds a user or a password") as said:
            one.check()
        assert "swordfish7" not in str(said.value)
        assert "swordfish7" not in one.shown
    with pytest.raises(UsageError, match="a key goes with it too"):  # the SDK always sends one
        sdk.client(both.base_url, None, {}, timeout_s=1, retries=0)


@pytest.mark.parametrize(("name", "value"), [("api-key", f"{KEY}\r"), ("x\ny", "z"), ("a b", "z"), ("x", "\u20ac")])
def test_a_header_that_cannot_be_sent_is_named_without_its_value(name: str, value: str) -> None:
    with pytest.raises(UsageError, match="header") as said:
        Address("m", "http://127.0.0.1:1/v1", headers={name: value}).check()
    assert "CANARY" not in str(said.value)


@pytest.mark.parametrize("ends", ["\n", "\r\n", " ", "\t", "\ufeff", "\xa0"])
def test_what_editors_leave_at_the_ends_of_a_key_is_taken_off(ends: str) -> None:
    assert wire.stripped(f"{ends}{KEY}{ends}") == KEY
    assert wire.stripped(ends) is None


@pytest.mark.parametrize("given", [{"key": key} for key in BAD_KEYS] + [{"base_url": url} for url in BAD_URLS] + [
    {"headers": {"api-key": f"{KEY}\r"}}, {"key": KEY, "base_url": "http://bob:swordfish7@127.0.0.1:9/v1"},
])  # fmt: skip
async def test_what_fails_before_a_byte_has_left_is_no_send(given: dict[str, object]) -> None:
    """An attempt of its own: nothing was sent, so it costs nothing, and no secret is in what it says."""
    async with serve() as server:
        endpoint = Endpoint("m", **({"base_url": server.base_url} | given))  # type: ignore[arg-type]  # settings of many kinds
        answer = await endpoint.answer(ASKED)
        await endpoint.close()
    assert answer.ended is Ended.CONNECTION, answer.error
    assert not answer.ended.maybe_billed
    assert "nothing was sent" in answer.error
    assert "CANARY" not in answer.error
    assert "swordfish7" not in answer.error
    assert not server.ledger.entries


@pytest.mark.parametrize("body", [{"a": float("nan"), "b": {1, 2}}, {"messages": [object()]}])
async def test_a_body_that_is_no_json_is_never_sent(body: dict[str, object]) -> None:
    request = Request("x", {"messages": []})
    object.__setattr__(request, "body", body)
    async with serve() as server:
        endpoint = Endpoint("m", server.base_url)
        answer = await endpoint.answer(request)
        await endpoint.close()
    assert answer.ended is Ended.REFUSED
    assert "nothing was sent" in answer.error
    assert not server.ledger.entries


def test_only_one_place_makes_a_client_of_the_sdk() -> None:
    """So that no other forgets that a redirect would carry a key to another host."""
    package = Path(sdk.__file__).parents[1]
    makers = [path.name for path in package.rglob("*.py") if "AsyncOpenAI(" in path.read_text()]
    assert makers == ["sdk.py"]


async def test_no_client_of_the_sdk_follows_a_redirect() -> None:
    client = sdk.client("http://127.0.0.1:1/v1", KEY, {"api-key": KEY}, timeout_s=1, retries=0)
    assert client._client.follow_redirects is False
    await asyncio.wait_for(client.close(), 5)
