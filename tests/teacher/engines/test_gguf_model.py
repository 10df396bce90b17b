"""A GGUF file as a base: asked by the token ids that training reads."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from distill.base_model.local import LocalWeights
from distill.records import Answer, Ended, Request
from distill.teacher.endpoint.address import Address, opened
from distill.teacher.engines import embedded

TURNS = [
    {"role": "system", "content": "Answer in a word."},
    {"role": "user", "content": "What is the capital of France?"},
]


def asked(most: int = 8, text: str = "") -> Request:
    turns = [TURNS[0], {"role": "user", "content": text}] if text else TURNS
    return Request("here", {"model": "m", "messages": turns, "max_tokens": most, "temperature": 0})


def answers(address: Address, *requests: Request) -> list[Answer]:
    async def ask() -> list[Answer]:
        async with opened(address) as model:
            return [await model.answer(request) for request in requests]

    return asyncio.run(ask())


@pytest.mark.slow
def test_it_answers_what_the_chat_route_answers(read_gguf: Path, tmp_path: Path) -> None:
    """Of the embedded model's file, whose own template llama.cpp renders as transformers does."""
    pytest.importorskip("xllamacpp", reason="the embedded extra is not installed")
    pytest.importorskip("transformers", reason="the training extra is not installed")
    weights = LocalWeights(str(embedded.gguf()), tmp_path, read_gguf)
    ours, long, cut = answers(
        Address("m.gguf", weights=weights, engine="llama.cpp"), asked(), asked(text="word " * 9000), asked(1)
    )
    (theirs,) = answers(Address(embedded.MODEL), asked())
    assert ours.text == theirs.text
    assert ours.usage.prompt_tokens == theirs.usage.prompt_tokens
    assert ours.latency_s > 0
    assert cut.finish_reason == "length"
    assert long.ended is Ended.REFUSED
    assert "more than the 8192 that the model reads" in long.error


def test_the_reply_of_a_server_that_fails_is_a_failure() -> None:
    from distill.teacher.engines.gguf_model import _read

    failed = _read(asked(), {"error": {"code": 500, "message": "no slot"}}, 5)
    assert not failed.ok
    assert "no slot" in failed.error
