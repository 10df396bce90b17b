"""What endpoints list of the model they serve, asked of real servers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from distill.errors import UsageError
from distill.teacher.endpoint.address import Address
from distill.teacher.pool.listed_models import ListedModel, differences, listed

VLLM = {"id": "m", "object": "model", "owned_by": "vllm", "root": "Qwen/Qwen3-8B", "max_model_len": 32768}
LLAMA = {"id": "m", "meta": {"n_params": 8_190_735_360, "n_vocab": 151_936, "n_ctx": 32768, "n_ctx_train": 40960}}


@asynccontextmanager
async def serving(entry: dict[str, Any] | None, status: int = 200) -> AsyncIterator[Address]:
    """An endpoint that lists one model, or something that is no list."""

    async def models(_request: web.Request) -> web.Response:
        return web.json_response({"data": [entry]} if entry else ["odd"], status=status)

    app = web.Application()
    app.router.add_get("/v1/models", models)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield Address("m", f"http://127.0.0.1:{runner.addresses[0][1]}/v1")
    finally:
        await runner.cleanup()


async def said(*entries: dict[str, Any] | None) -> list[str]:
    async with AsyncExitStack() as stack:
        return await differences([await stack.enter_async_context(serving(one)) for one in entries])


async def test_alike_or_silent_endpoints_say_nothing() -> None:
    gone = Address("m", "http://127.0.0.1:9/v1")
    async with serving(VLLM, status=500) as broken:
        assert await differences([gone, broken]) == []
    assert await said(VLLM, VLLM | {"root": "/models/qwen3-8b"}, LLAMA, None) == []


async def test_another_size_is_another_model_and_stops_before_anything_is_sent() -> None:
    other = LLAMA | {"meta": {"n_params": 1_235_814_432}}
    with pytest.raises(UsageError, match=r"different models under one name.*n_params 8,190,735,360.*1,235,814,432"):
        await said(LLAMA, other)


async def test_other_weights_and_a_shorter_context_are_told() -> None:
    weights, context = await said(VLLM, VLLM | {"root": "meta-llama/Llama-3.1-8B", "max_model_len": 4096})
    assert "serves 'Qwen/Qwen3-8B'" in weights
    assert "'meta-llama/Llama-3.1-8B'" in weights
    assert "takes 32,768 tokens a call" in context
    assert "4,096: start them alike" in context


@pytest.mark.parametrize(
    "reply", [None, [], {"data": None}, {"data": []}, {"data": [1]}, {"data": [{"id": "x"}, {"id": "y"}]}]
)
def test_a_reply_without_the_model_says_nothing(reply: Any) -> None:
    assert listed(Address("m", "http://a/v1"), reply) is None


def test_only_whole_numbers_and_texts_are_read() -> None:
    entry = {"id": "other", "root": 7, "max_model_len": True, "meta": {"n_params": "8", "n_vocab": -1}}
    assert listed(Address("m", "http://a/v1"), {"data": [entry]}) == ListedModel("http://a/v1")
