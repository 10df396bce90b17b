"""The model that comes with the package, served over HTTP like any other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from distill.errors import UsageError
from distill.records import Answer, Ended, Request
from distill.teacher.endpoint.address import Address, opened
from distill.teacher.engines import embedded

SCHEMA = {"type": "object", "properties": {"mood": {"enum": ["glad", "cross"]}}, "required": ["mood"]}
SYSTEM = "Say the mood of the message as JSON. " * 12


def ask(text: str, **more: Any) -> Request:
    turns = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]
    return Request(
        embedded.MODEL, {"model": embedded.MODEL, "messages": turns, "max_tokens": 24, "temperature": 0, **more}
    )


def answers(requests: Sequence[Request]) -> list[Answer]:
    async def all_of_them() -> list[Answer]:
        async with opened(Address(embedded.MODEL)) as teacher:
            return [await teacher.answer(request) for request in requests]

    return asyncio.run(all_of_them())


PLAIN = [ask(text) for text in ("where is my parcel", "thank you!", "the lamp is broken", "hm")]
IN_FORM = ask(
    "hooray!",
    response_format={"type": "json_schema", "json_schema": {"name": "a", "strict": True, "schema": SCHEMA}},
)
TOO_LONG = ask("word " * embedded.CONTEXT)


@pytest.fixture(scope="module")
def answered() -> dict[str, Answer]:
    """By request: what one server says, for a start of it takes seconds."""
    return {answer.request_id: answer for answer in answers([*PLAIN, IN_FORM, TOO_LONG])}


@pytest.mark.slow
def test_it_answers_in_the_schema_and_counts_tokens(answered: dict[str, Answer]) -> None:
    """A whole chat completion under a JSON schema, with measured usage, at no cost."""
    answer = answered[IN_FORM.id]
    assert answer.ok
    assert json.loads(answer.text)["mood"] in ("glad", "cross")
    assert answer.usage.measured
    assert answer.usage.completion_tokens > 3
    assert answer.usd == 0


@pytest.mark.slow
def test_an_answer_depends_on_the_request_alone(answered: dict[str, Answer]) -> None:
    """Another order and a fresh server give the same texts: a run that was killed ends in the same dataset."""
    back = {answer.request_id: answer.text for answer in answers(PLAIN[::-1])}
    assert {request.id: answered[request.id].text for request in PLAIN} == back


@pytest.mark.slow
def test_servers_side_by_side_say_the_same(answered: dict[str, Answer], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever of them a question comes to; no more are started than may be at work."""
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    started = []

    async def at_once() -> list[Answer]:
        async with opened(Address(embedded.MODEL)) as teacher:
            found = await asyncio.gather(*map(teacher.answer, PLAIN))
            started.append(len(cast("embedded.ServerPool", teacher).idle))
            return found

    assert {request.id: answered[request.id].text for request in PLAIN} == {
        answer.request_id: answer.text for answer in asyncio.run(at_once())
    }
    assert started == [2]


@pytest.mark.parametrize(
    ("running", "given", "crowded"), [(4, "", False), (5, "", True), (5, "4", False), ("?", "", False)]
)
def test_twice_the_servers_where_other_programs_want_the_cores(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, running: object, given: str, crowded: bool
) -> None:
    """But never more than the user says."""
    (tmp_path / "loadavg").write_text(f"0.52 3.10 2.95 {running}/612 12345\n")
    monkeypatch.setattr(embedded, "_LOAD", tmp_path / "loadavg")
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    assert embedded._crowded() is crowded


@pytest.mark.slow
def test_a_prompt_that_does_not_fit_is_refused_not_cut(answered: dict[str, Answer]) -> None:
    """More tokens than the context holds is an end of its own, never a shortened prompt."""
    answer = answered[TOO_LONG.id]
    assert answer.ended is Ended.REFUSED
    assert str(embedded.CONTEXT) in answer.error


def test_another_embedded_model_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=embedded.MODEL):
        Address("embedded/large").check()
