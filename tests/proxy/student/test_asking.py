"""A student behind a server, asked over its routes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from echoes import echoing
from openai import AsyncOpenAI
from route_folders import TEXTS, by_words, written

from distill.proxy.student.asking import StudentAsker
from distill.ship.routes.load import load

FAR = "квантовая хромодинамика"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as made:
        yield made


@pytest.fixture
async def asker(tmp_path: Path, pool: ThreadPoolExecutor) -> AsyncIterator[StudentAsker]:
    async with echoing(by_words) as (url, _), AsyncOpenAI(base_url=url, api_key="k", max_retries=0) as client:
        yield StudentAsker(load(written(tmp_path / "out")).routes, client, pool)


@pytest.mark.parametrize(
    ("message", "by", "why", "would", "text"),
    [
        (TEXTS[3], "student", "sure", "sure", '{"mood": "cross"}'),
        (f"{TEXTS[3]} perhaps", "teacher", "unsure", "unsure", '{"mood": "cross"}'),
        (f"{TEXTS[3]} broken", "teacher", "schema", "schema", ""),
        (f"{TEXTS[3]} down", "teacher", "failed", "failed", ""),
        (FAR, "teacher", "far", "far", '{"mood": "cross"}'),
    ],
)
async def test_live_takes_what_is_sure_and_shadow_hears_all(
    asker: StudentAsker, message: str, by: str, why: str, would: str, text: str
) -> None:
    """`by_words` says who answers what: the teacher is never asked from here, or it would say glad."""
    live = await asker.routed({"message": message}, {})
    assert (live.by, live.why, live.text) == (by, why, text if by == "student" else "")
    shadow = await asker.said({"message": message}, {})
    assert (shadow.why, shadow.text) == (would, text)
    assert shadow.by == ("student" if text else "teacher")


async def test_a_failed_stratum_is_the_teachers(asker: StudentAsker) -> None:
    assert (await asker.routed({"message": TEXTS[3]}, {"kind": "c"})).why == "stratum"
    assert (await asker.said({"message": TEXTS[3]}, {"kind": "c"})).why == "stratum"
    assert (await asker.said({"message": TEXTS[3]}, {"kind": "a"})).why == "sure"
