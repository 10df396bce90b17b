"""Choices with calls of tools, whole and streamed, of an engine that says what it is given."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any

from distill.host.serving.answers import chat, choice
from distill.host.serving.calls.chat import chat_call
from distill.host.serving.engine import Embedded, ModelQuestion, Piece, ServedModel, TokenChance

MODEL = ServedModel("m", "m")
BODY: Any = {
    "model": "m", "messages": [{"role": "user", "content": "a"}], "tools": [{"type": "function", "function": {"name": "look"}}],
}  # fmt: skip
CALL = '<tool_call>\n{"name": "look", "arguments": {"id": 7}}\n</tool_call>'


@dataclass
class Saying:
    """An `Engine` that writes these pieces, whatever it is asked."""

    pieces: Sequence[Piece]

    def width(self, model: ServedModel) -> int:  # noqa: ARG002 - it says the same to each
        return 2

    async def write(self, model: ServedModel, question: ModelQuestion) -> AsyncGenerator[Piece, None]:  # noqa: ARG002 - as above
        for piece in self.pieces:
            yield piece

    async def embed(self, model: ServedModel, texts: Sequence[str | Sequence[int]]) -> Embedded:
        raise NotImplementedError

    async def text(self, model: ServedModel, ids: Sequence[int]) -> str:
        raise NotImplementedError

    async def close(self) -> None:
        pass


def written(text: str, **end: Any) -> Saying:
    return Saying(
        [*(Piece(letter) for letter in text), Piece(finish="stop", prompt_tokens=3, completion_tokens=5, **end)]
    )


async def chunked(engine: Saying, **change: Any) -> list[dict[str, Any]]:
    call = chat_call({**BODY, "stream": True, **change})
    return [chunk["choices"][0] async for chunk in chat.chunks(engine, MODEL, call)]


async def test_a_call_is_no_content() -> None:
    found = (await chat.answer(written(CALL), MODEL, chat_call(BODY)))["choices"][0]
    assert found["message"]["content"] is None
    assert found["finish_reason"] == "tool_calls"
    (call,) = found["message"]["tool_calls"]
    assert (call["function"]["name"], json.loads(call["function"]["arguments"])) == ("look", {"id": 7})


async def test_a_streamed_call_is_told_once_and_whole() -> None:
    deltas = await chunked(written("I look." + CALL))
    assert "".join(one["delta"].get("content") or "" for one in deltas) == "I look."
    calls = [one["delta"]["tool_calls"] for one in deltas if "tool_calls" in one["delta"]]
    assert [(call["index"], call["function"]["name"]) for call in calls[0]] == [(0, "look")]
    assert len(calls) == 1
    assert deltas[-1]["finish_reason"] == "tool_calls"


async def test_calls_that_the_engine_read_are_passed_on() -> None:
    engine = written("", calls=[{"name": "look", "arguments": "{}"}])
    found = (await chat.answer(engine, MODEL, chat_call(BODY)))["choices"][0]
    assert found["message"]["tool_calls"][0]["function"] == {"name": "look", "arguments": "{}"}


async def test_without_tools_a_tag_is_text() -> None:
    plain = {name: value for name, value in BODY.items() if name != "tools"}
    found = (await chat.answer(written(CALL), MODEL, chat_call(plain)))["choices"][0]
    assert (found["message"]["content"], found["finish_reason"]) == (CALL, "stop")
    none = (await chat.answer(written(CALL), MODEL, chat_call({**BODY, "tool_choice": "none"})))["choices"][0]
    assert none["message"]["content"] == CALL


async def test_a_call_that_was_cut_off_stays_text_with_length() -> None:
    cut = Saying([Piece(CALL[:30]), Piece(finish="length", completion_tokens=30)])
    found = await choice.whole(cut, MODEL, chat_call(BODY).question)
    assert (found.text, found.end.finish, list(found.end.calls)) == (CALL[:30], "length", [])


async def test_what_was_impossible_has_a_number_in_json() -> None:
    chance = TokenChance("a", float("-inf"), [("b", -0.5), ("c", float("-inf"))])
    engine = Saying([Piece("a", [chance]), Piece(finish="stop")])
    plain = {name: value for name, value in BODY.items() if name != "tools"}
    found = await chat.answer(engine, MODEL, chat_call({**plain, "logprobs": True, "top_logprobs": 2}))
    (token,) = found["choices"][0]["logprobs"]["content"]
    assert [token["logprob"], *(one["logprob"] for one in token["top_logprobs"])] == [-9999.0, -0.5, -9999.0]
