"""Names with several addresses."""

from __future__ import annotations

import socket

import pytest
from echoes import completion, echoing

from distill.errors import RowsOwed
from distill.records import Request
from distill.teacher.endpoint.client import Endpoint
from distill.teacher.endpoint.names import addresses


async def test_a_name_has_each_of_its_addresses_once_and_in_order() -> None:
    assert await addresses("http://127.0.0.1:8000/v1") == ["127.0.0.1"]
    found = await addresses("http://localhost/v1")
    assert found == sorted({str(info[4][0]) for info in socket.getaddrinfo("localhost", 80)})


async def test_a_name_that_resolves_to_nothing_is_said_with_its_name() -> None:
    with pytest.raises(RowsOwed, match=r"'nothing\.invalid' in base_url resolves to no address"):
        await addresses("http://nothing.invalid:8000/v1")


async def test_calls_go_to_the_address_and_carry_the_name() -> None:
    """As a headless service and its certificates want it."""
    async with echoing(lambda _headers, _body: (200, completion("here"))) as (url, came):
        client = Endpoint("m", url.replace("127.0.0.1", "vllm.example"), ip="127.0.0.1")
        answer = await client.answer(Request("e", {"messages": [], "max_tokens": 1}))
        await client.close()
    assert answer.text == "here"
    assert {name.lower(): value for name, value in came[0].items()}["host"].startswith("vllm.example:")
