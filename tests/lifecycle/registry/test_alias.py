"""What a roll back leads to, and how a switch that was not made is struck out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.lifecycle.registry import alias
from distill.lifecycle.registry.alias import AliasSwitch
from distill.lifecycle.registry.promote import promote
from distill.lifecycle.registry.task_registry import TaskRegistry


def made(*moves: str) -> list[AliasSwitch]:
    """`+1` promotes student 1, `-1` goes back to it."""
    return [AliasSwitch("2026-01-01", "promote" if move[0] == "+" else "rollback", move[1:]) for move in moves]


@pytest.mark.parametrize(
    ("moves", "back"),
    [
        ((), ""),
        (("+1",), ""),
        (("+1", "+2"), "1"),
        (("+1", "+2", "-1"), ""),
        (("+1", "+2", "+1"), "2"),
        (("+1", "+2", "+3", "-1"), ""),
        (("+1", "+2", "-1", "+3"), "1"),
        (("+1", "+2", "+3", "-2"), "1"),
        (("+1", "+1"), ""),
        (("+2", "-1"), "2"),  # to a number that never served
    ],
)
def test_back_is_what_served_before_the_promotion_that_holds(moves: tuple[str, ...], back: str) -> None:
    assert alias.before(made(*moves)) == back


def test_a_switch_that_was_not_made_is_struck_out_and_one_by_hand_is_noted(home: Path) -> None:
    first = promote("mood/001", home).student.folder
    second = promote("mood/002", home, anyway=True).student.folder
    registry = TaskRegistry(home, "mood")
    history = registry.path / "history.json"
    told = json.loads(history.read_bytes())
    told["switches"].append({"at": "2026-01-01", "by": "rollback", "to": first})
    history.write_text(json.dumps(told))
    (registry.path / ".current.77.tmp").symlink_to(first)
    half = registry.path / "students" / ".003.77.tmp"
    (half / "student").mkdir(parents=True)
    half.chmod(0o555)
    alias.tidy_if_free(registry)
    assert [one.to for one in alias.switches(registry)] == [first, second]
    assert not list(registry.path.rglob(".*.tmp"))
    history.unlink()
    alias.tidy_if_free(registry)
    assert [(one.by, one.to) for one in alias.switches(registry)] == [("hand", second)]


def test_a_history_that_cannot_be_read_says_what_to_do(home: Path) -> None:
    promote("mood/001", home)
    registry = TaskRegistry(home, "mood")
    (registry.path / "history.json").write_text('{"switches": [{"at": 1}]}')
    with pytest.raises(UsageError, match="move this one file away"):
        alias.switches(registry)


def test_where_it_is_held_nothing_is_tidied(home: Path) -> None:
    promote("mood/001", home)
    registry = TaskRegistry(home, "mood")
    left = registry.path / ".current.77.tmp"
    left.symlink_to("nowhere")
    with registry.lock():
        alias.tidy_if_free(registry)
        assert left.is_symlink()
