"""kill -9 before each change of the file system: the alias leads to a whole student, old or new, and the next command tidies up."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.lifecycle.registry import alias, integrity
from distill.lifecycle.registry.history import history
from distill.lifecycle.registry.promote import promote, rollback
from distill.lifecycle.registry.task_registry import TaskRegistry


def current(home: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((home / "registry/mood/current.json").read_bytes())
    return found


_CHANGES = ("os.mkdir", "os.rename", "os.chmod", "os.symlink", "os.remove", "os.rmdir", "os.truncate", "fcntl.flock")


def _changes(event: str, given: tuple[object, ...]) -> bool:
    """Whether an audited event changes the file system, or takes a lock: between two of them nothing does."""
    written = event == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR)
    return event in _CHANGES or bool(written)


def _killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do it in a process of its own that kill -9 ends before its n-th change of the file system; whether it was ended."""
    child = os.fork()
    if child == 0:
        left = [step]

        def count(event: str, given: tuple[object, ...]) -> None:
            if _changes(event, given):
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, step
    return os.WIFSIGNALED(status)


def _whole_and_one_of(home: Path, numbers: set[int]) -> None:
    """The alias and the file lead to one student, whose files are those that were promoted."""
    registry = TaskRegistry(home, "mood")
    said = current(home)
    assert said["folder"] == registry.current()
    assert said["number"] in numbers
    assert integrity.of_student(registry, registry.current()) == []


@pytest.mark.slow
def test_kill_at_every_step_leaves_a_whole_student_old_or_new(home: Path, tmp_path: Path) -> None:
    """Both ways, before each change of the file system; the command that follows does what was asked, and nothing is left over."""
    promote("mood/001", home)
    ended = 0
    for step in range(2000):
        place = tmp_path / "killed" / "home"
        shutil.copytree(home, place, symlinks=True)
        killed = _killed_at(step, lambda: promote("mood/002", place, anyway=True))  # noqa: B023  # called before the loop goes on
        _whole_and_one_of(place, {1, 2})
        assert history("mood", place).current == current(place)["number"]
        assert not list((place / "registry").rglob(".*.tmp"))
        assert promote("mood/002", place, anyway=True).student.number == 2
        _whole_and_one_of(place, {2})
        assert rollback("mood", place).student.number == 1
        assert len(TaskRegistry(place, "mood").folders()) == 2
        alias.remove(place.parent)
        ended += killed
        if not killed:
            break
    assert ended > 25


@pytest.mark.slow
def test_kill_at_every_step_of_a_roll_back(home: Path, tmp_path: Path) -> None:
    promote("mood/001", home)
    promote("mood/002", home, anyway=True)
    ended = 0
    for step in range(2000):
        place = tmp_path / "killed" / "home"
        shutil.copytree(home, place, symlinks=True)
        killed = _killed_at(step, lambda: rollback("mood", place))  # noqa: B023  # called before the loop goes on
        _whole_and_one_of(place, {1, 2})
        now = history("mood", place)
        assert now.current == current(place)["number"]
        assert now.back_to == (1 if now.current == 2 else None)
        alias.remove(place.parent)
        ended += killed
        if not killed:
            break
    assert ended > 5


@pytest.mark.slow
def test_the_first_promotion_ended_at_any_step_serves_nothing_or_a_whole_student(home: Path, tmp_path: Path) -> None:
    for step in range(2000):
        place = tmp_path / "killed" / "home"
        shutil.copytree(home, place, symlinks=True)
        killed = _killed_at(step, lambda: promote("mood/001", place))  # noqa: B023  # called before the loop goes on
        if (place / "registry/mood/current.json").exists():
            _whole_and_one_of(place, {1})
        else:
            assert not (place / "registry/mood/current").exists()
        assert promote("mood/001", place).student.number == 1
        alias.remove(place.parent)
        if not killed:
            break
    else:
        raise AssertionError("it never came to its end")


def test_promotions_at_once_end_with_one_whole_student(home: Path) -> None:
    """Each ends well, or says who holds the registry; none leaves anything half-done."""
    children = []
    for run in ("mood/001", "mood/002") * 3:
        child = os.fork()
        if child == 0:
            try:
                promote(run, home, anyway=True)
            except UsageError as held:
                os._exit(2 if "is held by process" in str(held) else 3)
            except BaseException:  # noqa: BLE001  # a child must not go on with the tests
                os._exit(4)
            os._exit(0)
        children.append(child)
    codes = [os.WEXITSTATUS(os.waitpid(child, 0)[1]) for child in children]
    assert set(codes) <= {0, 2}
    assert 0 in codes
    now = history("mood", home)
    _whole_and_one_of(home, {1, 2})
    assert now.current == current(home)["number"]
    assert len(now.students) == len({one.run for one in now.students})
    assert not list((home / "registry").rglob(".*.tmp"))
