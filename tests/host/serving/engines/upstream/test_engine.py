"""Another server of the protocol behind this one: here a host of ours, with a tiny model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from aiohttp import web
from answering_host import Answering, answering
from hosting import call

from distill.host.serving.answers import choice
from distill.host.serving.engine import ModelQuestion, Piece, ServedModel
from distill.host.serving.engines.upstream import reply
from distill.host.serving.engines.upstream.engine import UpstreamEngine
from distill.host.state import models
from distill.protocol.error import ApiError

pytest.importorskip("torch", reason="the training extra is not installed")

ASKED: Any = {"model": "tiny", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 6, "seed": 1}


@pytest.fixture(scope="module")
def pair(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Answering, Answering]]:
    """The server behind, and the one in front of it, whose own weights are nowhere."""
    with (
        answering(tmp_path_factory.mktemp("behind"), {"tiny": str(tiny_base)}) as behind,
        answering(tmp_path_factory.mktemp("front"), {"tiny": "nowhere", "mine": "tiny"}, upstream=behind.url) as front,
    ):
        yield behind, front


def test_it_answers_what_the_server_behind_answers(pair: tuple[Answering, Answering]) -> None:
    behind, front = pair
    theirs, ours = (
        one.client.chat.completions.create(**ASKED, logprobs=True, top_logprobs=2) for one in (behind, front)
    )
    assert ours.choices == theirs.choices
    assert ours.usage == theirs.usage
    stream = front.client.chat.completions.create(**ASKED, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == theirs.choices[0].message.content
    named = front.client.chat.completions.create(**{**ASKED, "model": "mine"})
    assert named.choices[0].message == theirs.choices[0].message  # known there by what the base is here


def test_completions_and_embeddings_are_passed_on(pair: tuple[Answering, Answering]) -> None:
    asked: Any = {"model": "tiny", "prompt": "Once", "max_tokens": 5, "seed": 1, "logprobs": 1}
    theirs, ours = (one.client.completions.create(**asked) for one in pair)
    assert ours.choices == theirs.choices
    vectors = [one.client.embeddings.create(model="tiny", input=["a", "b"]).data for one in pair]
    assert vectors[0] == vectors[1]


def test_a_refusal_keeps_its_words(pair: tuple[Answering, Answering]) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        pair[1].client.chat.completions.create(**{**ASKED, "messages": [{"role": "user", "content": "a" * 900}]})
    assert raised.value.code == "context_length_exceeded"


def test_a_server_that_loads_no_tunes_says_what_to_do(pair: tuple[Answering, Answering], tmp_path: Path) -> None:
    front = pair[1]
    models.add(front.host.db, "ft:none", base="tiny", job_id="ftjob-1", folder=tmp_path)
    reply = call(front.port, "POST", "/v1/chat/completions", {**ASKED, "model": "ft:none"})
    assert reply.status == 503
    assert "--enable-lora" in reply.error["message"]
    assert "--upstream" in reply.error["message"]


def test_a_server_that_is_gone_is_503(tmp_path: Path) -> None:
    with answering(tmp_path, {"tiny": "nowhere"}, upstream="http://127.0.0.1:9/v1") as host:
        reply = call(host.port, "POST", "/v1/chat/completions", ASKED)
        assert reply.status == 503
        assert "connect" in reply.error["message"].lower()


class LoraServer:
    """A server that has vLLM's route for adapters, and says which model it is."""

    def __init__(self) -> None:
        self.loaded, self.loads, self.keys = set[str](), 0, set[str]()

    async def load(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.keys.add(request.headers.get("authorization", ""))
        self.loads += 1
        self.loaded.add(body["lora_name"])
        return web.Response(text="Success")

    async def chat(self, request: web.Request) -> web.Response:
        model = (await request.json())["model"]
        self.keys.add(request.headers.get("authorization", ""))
        if model not in self.loaded:
            return web.json_response({"message": f"The model `{model}` does not exist.", "code": 404}, status=404)
        chunk = {"choices": [{"index": 0, "delta": {"content": f"I am {model}"}, "finish_reason": "stop"}]}
        return web.Response(text=f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n", content_type="text/event-stream")


async def test_a_tune_is_loaded_once_and_again_after_the_server_forgot_it(tmp_path: Path) -> None:
    server, app = LoraServer(), web.Application()
    app.router.add_post("/v1/chat/completions", server.chat)
    app.router.add_post("/v1/load_lora_adapter", server.load)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    engine = UpstreamEngine(f"http://127.0.0.1:{runner.addresses[0][1]}/v1", {"tiny": "nowhere"}, "sk-behind")
    tune, asked = ServedModel("ft:a", "tiny", tmp_path), ModelQuestion(messages=[{"role": "user", "content": "a"}])
    try:
        for _ in range(2):
            assert (await choice.whole(engine, tune, asked)).text == "I am ft:a"
        assert server.loads == 1
        assert server.keys == {"Bearer sk-behind"}, "adapters and questions alike"
        with pytest.raises(ApiError, match="no vectors") as refused:
            await engine.embed(tune, ["a"])
        assert refused.value.status == 400
        server.loaded.clear()
        with pytest.raises(ApiError, match="any more") as raised:
            await choice.whole(engine, tune, asked)
        assert raised.value.status == 503
        assert (await choice.whole(engine, tune, asked)).text == "I am ft:a"
    finally:
        await engine.close()
        await runner.cleanup()


class Lines:
    """A response whose body is some lines."""

    def __init__(self, *chunks: Any) -> None:
        self.content = self._lines(chunks)

    async def _lines(self, chunks: Any) -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield b"data: " + (chunk.encode() if isinstance(chunk, str) else json.dumps(chunk).encode()) + b"\n"


def read(*chunks: Any) -> list[Piece]:
    async def pieces() -> list[Piece]:
        return [piece async for piece in reply.pieces(Lines(*chunks), chat=True)]  # type: ignore[arg-type]  # a reply of lines alone

    return asyncio.run(pieces())


def test_calls_of_tools_come_in_parts_and_are_put_together() -> None:
    def part(**call: Any) -> dict[str, Any]:
        return {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}

    (end,) = read(
        part(index=0, id="a", function={"name": "look", "arguments": ""}), part(index=0, function={"arguments": '{"id"'}),
        part(index=1, id="b", function={"name": "buy", "arguments": "{}"}), part(index=0, function={"arguments": ": 7}"}),
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 9}}, "[DONE]",
    )  # fmt: skip
    assert list(end.calls) == [{"name": "look", "arguments": '{"id": 7}'}, {"name": "buy", "arguments": "{}"}]
    assert (end.finish, end.prompt_tokens, end.completion_tokens) == ("stop", 3, 9)


def test_a_stream_that_breaks_off_is_no_answer() -> None:
    with pytest.raises(ApiError, match="in the middle"):
        read({"choices": [{"index": 0, "delta": {"content": "a"}}]})
    with pytest.raises(ApiError, match="out of memory"):
        read({"error": {"message": "out of memory"}})
