"""A model of this machine that is held is started once for several rounds of calls, and never two are up at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from distill.teacher.endpoint.address import Address
from distill.teacher.endpoint.held import HeldModel

HERE = Address("scripted")


async def test_a_model_is_started_once_until_another_is_asked() -> None:
    held, other = HeldModel(), replace(HERE, timeout_s=9)
    clients = []
    for address in (HERE, HERE, other, other, HERE):
        async with held.at(address) as client:
            clients.append(client)
    assert held.starts == 3
    assert clients[0] is clients[1]
    assert clients[2] is clients[3]
    assert clients[0] is not clients[4]
    await held.close()
    assert held.client is None


async def test_one_that_fails_is_not_taken_for_one_that_is_up() -> None:
    held = HeldModel()
    with pytest.raises(RuntimeError, match="in the middle"):
        async with held.at(HERE):
            raise RuntimeError("in the middle")
    async with held.at(HERE):
        pass
    assert held.starts == 1, "what failed was the asking"
    await held.close()


async def test_a_model_elsewhere_is_reached_as_ever() -> None:
    held = HeldModel()
    async with held.at(Address("m", base_url="http://127.0.0.1:9/v1", key="k")) as client:
        assert client is not None
    assert (held.starts, held.client) == (0, None)
