"""A model of this process as an endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from distill.base_model.generation import Generator, Prompt, WrittenAnswer
from distill.base_model.local import LocalWeights
from distill.records import Answer, Ended, Request
from distill.teacher.engines import in_process


def asked(text: str, most: int = 5) -> Request:
    return Request("here", {"model": "m", "messages": [{"role": "user", "content": text}], "max_tokens": most})


def answers(folder: Path, requests: list[Request]) -> list[Answer]:
    async def ask() -> list[Answer]:
        async with in_process.serving(LocalWeights(str(folder), folder, folder), None) as client:
            return await asyncio.gather(*(client.answer(request) for request in requests))

    return asyncio.run(ask())


def test_it_answers_all_that_waits_and_counts_tokens(tiny_family: Callable[[str], Path]) -> None:
    requests = [asked(f"question {number}") for number in range(9)]
    found = answers(tiny_family("llama"), requests)
    assert [answer.request_id for answer in found] == [request.id for request in requests]
    assert all(answer.ok and answer.usage.measured and answer.usage.completion_tokens <= 5 for answer in found)
    assert {answer.finish_reason for answer in found} <= {"stop", "length"}
    assert all(answer.usd == 0 for answer in found)


def test_what_does_not_fit_is_refused_as_a_server_would(tiny_family: Callable[[str], Path]) -> None:
    long, short = answers(tiny_family("llama"), [asked("word " * 400), asked("word")])
    assert long.ended is Ended.REFUSED
    assert "more than the 1024 that the model reads" in long.error
    assert short.ok


def test_calls_are_read_only_where_tools_were_brought() -> None:
    """As a server reads them for its own models."""
    text = 'I look.\n<tool_call>\n{"name": "find", "arguments": {"id": 7}}\n</tool_call>'
    found = in_process.message(text, tools=True)
    assert found["content"] == "I look."
    assert found["tool_calls"] == [{"type": "function", "function": {"name": "find", "arguments": {"id": 7}}}]
    assert in_process.message(text, tools=False) == {"role": "assistant", "content": text}


def test_what_waits_meanwhile_is_one_batch(tiny_family: Callable[[str], Path], monkeypatch: object) -> None:
    """Twenty requests at once: one goes alone at the most, the others together."""
    sizes: list[int] = []
    write = Generator.write

    def counted(self: Generator, prompts: list[Prompt]) -> list[WrittenAnswer]:
        sizes.append(len(prompts))
        return write(self, prompts)

    Generator.write = counted  # type: ignore[method-assign,assignment]  # put back below
    try:
        answers(tiny_family("llama"), [asked(f"q {number}") for number in range(20)])
    finally:
        Generator.write = write  # type: ignore[method-assign]  # as it was
    assert sum(sizes) == 20
    assert len(sizes) <= 3


def test_a_model_that_fails_is_told_to_each_who_waits(tiny_family: Callable[[str], Path]) -> None:
    import pytest

    from distill.errors import UsageError

    write = Generator.write

    def broken(_self: Generator, _prompts: list[Prompt]) -> list[WrittenAnswer]:
        raise RuntimeError("out of memory")

    Generator.write = broken  # type: ignore[method-assign,assignment]  # put back below
    try:
        with pytest.raises(UsageError, match="the local model failed: RuntimeError: out of memory"):
            answers(tiny_family("llama"), [asked("a")])
    finally:
        Generator.write = write  # type: ignore[method-assign]  # as it was


def test_probabilities_of_tokens_come_where_they_are_asked_for(tiny_family: Callable[[str], Path]) -> None:
    plain = asked("word")
    wished = Request("here", {**plain.body, "logprobs": True})
    found, without = answers(tiny_family("llama"), [wished, plain])
    assert "".join(one["token"] for one in found.logprobs) == found.text
    assert all(one["logprob"] <= 0 for one in found.logprobs)
    assert without.logprobs is None
