"""Another server of the protocol behind this one: here a host of ours, with a tiny model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from answering_host import Answering, answering
from hosting import call

from distill.host.serving.engine import Piece
from distill.host.serving.engines import upstream_reply
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


def test_a_server_that_is_gone_is_503(tmp_path: Path) -> None:
    with answering(tmp_path, {"tiny": "nowhere"}, upstream="http://127.0.0.1:9/v1") as host:
        reply = call(host.port, "POST", "/v1/chat/completions", ASKED)
        assert reply.status == 503
        assert "connect" in reply.error["message"].lower()


class Lines:
    """A response whose body is some lines."""

    def __init__(self, *chunks: Any) -> None:
        self.content = self._lines(chunks)

    async def _lines(self, chunks: Any) -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield b"data: " + (chunk.encode() if isinstance(chunk, str) else json.dumps(chunk).encode()) + b"\n"


def read(*chunks: Any) -> list[Piece]:
    async def pieces() -> list[Piece]:
        return [piece async for piece in upstream_reply.pieces(Lines(*chunks), chat=True)]  # type: ignore[arg-type]

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
