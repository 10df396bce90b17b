"""Another student is promoted while the proxy serves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from proxy_students import promoted, settings
from upstreams import until

from distill.lifecycle.registry.promote import rollback
from distill.proxy.student import promoted as module
from distill.proxy.student.promoted import Promoted


async def test_the_alias_is_read_again_when_it_is_switched(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A student that cannot be read leaves the teacher alone, and is said once."""
    monkeypatch.setattr(module, "_LOOK_S", 0.02)
    student, said = promoted(home), list[str]()
    kept = Promoted(settings(home, student), student, said.append)
    kept.read()
    follow = asyncio.ensure_future(kept.follow())

    async def serves(run: str | None) -> None:
        await until(lambda: (kept.serving.run if kept.serving else None) == run)

    await serves("mood/001")
    promoted(home, "mood/002")
    await serves("mood/002")
    (home / "task.yaml").rename(home / "task.away")
    rollback("mood", home)
    await serves(None)
    await asyncio.sleep(0.2)
    assert len(said) == 2, said
    assert said[0] == "student 2 of registry/mood answers now"
    assert said[1].startswith("no student answers, the teacher does: no spec at")
    assert kept.note
    follow.cancel()
