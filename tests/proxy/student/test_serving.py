"""The student that serves, and what is said where none can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from proxy_students import CROSS, GLAD, promoted, settings

from distill.errors import UsageError
from distill.proxy.settings import StudentSettings
from distill.proxy.student.serving import own_folder, serving, signature


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as made:
        yield made


async def test_the_promoted_student_is_asked_by_routes_of_its_own(home: Path, pool: ThreadPoolExecutor) -> None:
    """They are written once, for each student."""
    student = promoted(home)
    found = serving(settings(home, student), student, pool)
    assert (found.number, found.name, found.run) == (1, "student 1 of registry/mood", "mood/001")
    said = [(await found.asker.routed({"message": text}, {})).value for text in (GLAD, CROSS)]
    assert said == [{"mood": "glad"}, {"mood": "cross"}]
    (folder,) = (own_folder(settings(home, student)) / "routes").iterdir()
    before = (folder / "routes.json").stat().st_mtime_ns
    serving(settings(home, student), student, pool)
    assert (folder / "routes.json").stat().st_mtime_ns == before


def test_routes_of_another_run_are_refused(home: Path, pool: ThreadPoolExecutor) -> None:
    student = promoted(home)
    serving(settings(home, student), student, pool)
    (folder,) = (own_folder(settings(home, student)) / "routes").iterdir()
    named = replace(student, routes=folder)
    assert serving(settings(home, named), named, pool).run == "mood/001"
    was = signature(settings(home, named), named)
    promoted(home, "mood/002")
    assert signature(settings(home, named), named) != was
    with pytest.raises(
        UsageError, match="is of mood/001, and the student of mood/002 serves; `distill routes mood/002 --out"
    ):
        serving(settings(home, named), named, pool)


def test_without_a_promoted_student_nothing_can_answer(home: Path, pool: ThreadPoolExecutor) -> None:
    student = StudentSettings(spec=home / "task.yaml")
    with pytest.raises(UsageError, match="no student of mood is promoted; `distill promote mood` does"):
        serving(settings(home, student), student, pool)
