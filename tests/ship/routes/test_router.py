"""Rows answered over HTTP by student or teacher, each for its reason, by clients that wait and clients that are awaited."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from echoes import echoing
from openai import AsyncOpenAI, InternalServerError, OpenAI
from route_folders import TEXTS, by_words, written

from distill.errors import UsageError
from distill.ship.routes.answering import RoutedAnswer
from distill.ship.routes.load import load
from distill.ship.routes.router import Router

CASES = {
    TEXTS[3]: ("student", "sure", 2, "cross"),
    f"{TEXTS[3]} perhaps": ("teacher", "unsure", 3, "glad"),
    f"{TEXTS[3]} broken": ("teacher", "schema", 3, "glad"),
    f"{TEXTS[3]} down": ("teacher", "failed", 3, "glad"),
    "квантовая хромодинамика": ("teacher", "far", 1, "glad"),
}
"""Message → who answers, why, for how many calls of both ways (0.5 a call), what."""


def sync(router: Router, url: str, message: str, labels: dict[str, str] | None = None) -> RoutedAnswer:
    with OpenAI(base_url=url, api_key="k", max_retries=0) as client:
        return router.ask({"message": message, "kind": "c"}, student=client, teacher=client, labels=labels)


async def awaited(router: Router, url: str, message: str) -> RoutedAnswer:
    async with AsyncOpenAI(base_url=url, api_key="k", max_retries=0) as client:
        return await router.ask_async({"message": message}, student=client, teacher=client)


@pytest.mark.parametrize("message", CASES)
async def test_a_row_is_answered_by_who_should(message: str, tmp_path: Path) -> None:
    router, (by, why, _, mood) = load(written(tmp_path / "out")), CASES[message]
    async with echoing(by_words) as (url, came):
        both = [await asyncio.to_thread(sync, router, url, message), await awaited(router, url, message)]
    assert both[0] == both[1]
    found = both[0]
    assert (found.by, found.why, found.value) == (by, why, {"mood": mood})
    calls = {"sure": 1, "far": 1}.get(why, 2)
    assert len(came) == 2 * calls, "a far row costs no call of the student"
    assert (found.confidence is None) == (why in ("far", "failed"))
    assert (found.nearness < 0.2) == (why == "far")


async def test_a_failed_stratum_goes_to_the_teacher_where_its_labels_are_known(tmp_path: Path) -> None:
    router = load(written(tmp_path / "out"))
    async with echoing(by_words) as (url, came):
        known = await asyncio.to_thread(sync, router, url, TEXTS[3], {"kind": "c"})
        other = await asyncio.to_thread(sync, router, url, TEXTS[3], {"kind": "a"})
    assert (known.by, known.why, other.by, len(came)) == ("teacher", "stratum", "student", 2)


async def test_what_the_teacher_raises_is_raised(tmp_path: Path) -> None:
    router = load(written(tmp_path / "out"))
    async with echoing(by_words) as (url, _):
        with pytest.raises(InternalServerError):
            await asyncio.to_thread(sync, router, url, f"{TEXTS[3]} perhaps teacherless")
        with pytest.raises(InternalServerError):
            await awaited(router, url, f"{TEXTS[3]} perhaps teacherless")


def test_a_missing_field_or_client_is_said_before_any_call(tmp_path: Path) -> None:
    router = load(written(tmp_path / "out"))
    with OpenAI(base_url="http://127.0.0.1:9/v1", api_key="k") as client:
        with pytest.raises(UsageError, match="needs message; message is missing of"):
            router.ask({"text": "?"}, student=client, teacher=client)
        with pytest.raises(UsageError, match="give the client of the server"):
            router.ask({"message": "?"}, teacher=client)
