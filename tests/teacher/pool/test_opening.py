"""From a list of endpoints, or a name with several addresses, to a pool."""

from __future__ import annotations

import asyncio

from distill.records import Request
from distill.teacher.endpoint.address import Address
from distill.teacher.pace import Pace
from distill.teacher.pool.opening import endpoints, opened
from distill.testing.fault_server import serve


async def test_each_endpoint_of_a_list_is_asked_at_its_own_pace_with_the_same_key() -> None:
    asked = Request("several", {"model": "m", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 5})
    paces: dict[str, Pace] = {}

    def pace_of(url: str) -> Pace:
        return paces.setdefault(url, Pace(in_flight=2))

    async with serve() as a, serve() as b:
        address = Address("m", a.base_url, key="k", listed=(a.base_url, b.base_url))
        async with opened(address, pace_of, lambda _said: None) as pool:
            assert [one.url for one in pool.members] == [a.base_url, b.base_url] == list(paces)
            turns = [await pool.turn(1) for _ in range(2)]
            answers = await asyncio.gather(*(pool.ask(turn, asked) for turn in turns if turn))
        assert [one.ok for one in answers] == [True, True]
        assert [len(server.ledger.entries) for server in (a, b)] == [1, 1]


async def test_a_name_stands_for_each_of_its_addresses_where_the_spec_says_so() -> None:
    address = Address("m", "http://127.0.0.1:8000/v1", each_address=True)
    assert {url: one.ip for url, one in (await endpoints(address)).items()} == {
        "http://127.0.0.1:8000/v1 (127.0.0.1)": "127.0.0.1"
    }
    alone = await endpoints(Address("m", "http://a:1/v1", listed=("http://a:1/v1/", "http://b:2/v1")))
    assert {url: (one.base_url, one.listed, one.ip) for url, one in alone.items()} == {
        "http://a:1/v1": ("http://a:1/v1", (), None), "http://b:2/v1": ("http://b:2/v1", (), None),
    }  # fmt: skip
