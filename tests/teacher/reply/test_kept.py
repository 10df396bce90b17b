"""What the store keeps of a reply, and what it gives back: an unreadable one too, and one that an older version kept."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from distill.generate import served_models
from distill.records import Answer, Ended, Request, Usage
from distill.teacher import reply
from distill.teacher.store.store import Store, opened

ASKED = Request("x", {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8})


async def settle(store: Store, request: Request, answer: Answer) -> None:
    attempt = await store.intend(request, run="t/001", spender="teacher", reserved_usd=0.5)
    await store.settle(attempt, request, answer)


def body(**changes: Any) -> bytes:
    choice = {"message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}
    return json.dumps(
        {"model": "m", "choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 9}} | changes
    ).encode()


@pytest.mark.parametrize("raw", [b"<html>\x00</html>", b"[" * 100_000, b'"\\ud83d"', b"\xff\xfe", body(choices=[])])
def test_a_reply_that_is_no_answer_is_kept(tmp_path: Path, raw: bytes) -> None:
    """Beside its attempt, 64 KiB of it at most; it may have been paid for."""
    answer = reply.read_body(raw, ASKED, price=None)
    assert answer.ended is Ended.MALFORMED
    with opened(tmp_path / "a.db") as store:
        asyncio.run(settle(store, ASKED, answer))
    with sqlite3.connect(tmp_path / "a.db") as db:
        rows = db.execute(
            "SELECT attempts.ended, unreadable.status, length(unreadable.raw) FROM unreadable JOIN attempts ON attempts.id=attempt"
        ).fetchall()
    assert [row[:2] for row in rows] == [("malformed", 200)]
    assert 0 < rows[0][2] <= 65_536 * 2


@pytest.mark.parametrize("odd", ["\ud83d", "a\0b", "\0", "é" * 9])
def test_any_string_of_a_reply_comes_back_as_it_was(tmp_path: Path, odd: str) -> None:
    """In the text, the thinking, the end, the model, a call and the log-probabilities."""
    message = {
        "content": f"x{odd}",
        "reasoning": f"r{odd}",
        "tool_calls": [{"function": {"name": f"n{odd}", "arguments": f"a{odd}"}}],
    }
    choice = {
        "message": message,
        "finish_reason": f"f{odd}",
        "logprobs": {"content": [{"token": odd, "logprob": -0.1}]},
    }
    answer = reply.read_body(body(choices=[choice], model=f"m{odd}"), ASKED, price=None)
    with opened(tmp_path / "a.db") as store:
        asyncio.run(settle(store, ASKED, answer))
        held = store.get(ASKED.id)
    assert held is not None
    for name in ("text", "reasoning", "finish_reason", "model", "tool_calls", "logprobs", "usage"):
        assert getattr(held, name) == getattr(answer, name)


def test_an_answer_that_an_older_version_kept_is_read_as_today(tmp_path: Path) -> None:
    """Its thinking stood in the text, and its end in the vendor's word; both were paid for."""
    old = Answer(ASKED.id, Ended.OK, "<think>\nhm\n</think>\n\nYes.", "end_turn", Usage(3, 9))
    with opened(tmp_path / "a.db") as store:
        asyncio.run(settle(store, ASKED, old))
        held = store.get(ASKED.id)
    assert held is not None
    assert (held.text, held.reasoning, held.finish_reason) == ("Yes.", "hm", "stop")


def test_the_models_that_answered_are_counted_beside_the_one_asked(tmp_path: Path) -> None:
    """Of all that the run paid for; the same model in other words is not told, and an odd name is printable."""
    names = ["m", "org/M", "m-2026-01-01", "tiny", "tiny", "half \ud83d"]
    requests = [
        Request("x", {**ASKED.body, "messages": [{"role": "user", "content": str(n)}]}) for n in range(len(names))
    ]
    with opened(tmp_path / "a.db") as store:
        for name, request in zip(names, requests, strict=True):
            asyncio.run(settle(store, request, reply.read_body(body(model=name), request, price=None)))
        run: Any = SimpleNamespace(store=store, folder=SimpleFolder(tmp_path))
        found = served_models.others(run)
    assert [str(one) for one in found] == [
        "asked for m; 2 of 6 answers name tiny",
        "asked for m; 1 of 6 answers name half \ufffd",
    ]


class SimpleFolder:
    """A run's folder before anything is curated."""

    name = "t/001"

    def __init__(self, path: Path) -> None:
        self._path = path

    def __truediv__(self, name: str) -> Path:
        return self._path / name
