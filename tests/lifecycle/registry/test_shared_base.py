"""Which promoted students one server can have together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from distill.atomic_write import write_json
from distill.lifecycle.registry.candidate import StudentCandidate
from distill.lifecycle.registry.shared_base import promoted_on
from distill.lifecycle.registry.student import RegisteredStudent
from distill.rundir import RunDir

ADAPTER = {"adapter": "student/adapter"}


def promoted(home: Path, task: str, weights: str, serve: Mapping[str, str] = ADAPTER) -> None:
    """An entry with its alias, as `promote` leaves them."""
    folder = f"students/001-{'a' * 12}"
    student = RegisteredStudent(
        task=task, number=1, folder=folder, run=f"{task}/001", promoted="", content="", how="lora", base="b", weights=weights, serve=serve,
        texts={}, teacher="", asked="", rows={}, dataset="", verdict=None, anyway="", distill="",
    )  # fmt: skip
    at = home / "registry" / task
    (at / folder).mkdir(parents=True)
    write_json(at / folder / "entry.json", asdict(student))
    (at / "current").symlink_to(folder)


def candidate(home: Path, weights: str) -> StudentCandidate:
    return StudentCandidate(RunDir(home, "mood", 1), {}, {}, None, "", weights, None)


def test_adapters_on_the_same_weights_by_the_link_that_a_switch_moves(tmp_path: Path) -> None:
    promoted(tmp_path, "tone", "w1")
    promoted(tmp_path, "mood", "w1")  # the run's own task
    promoted(tmp_path, "topic", "w2")
    promoted(tmp_path, "spam", "w1", {"linear": "student/linear.npz"})
    (tmp_path / "registry" / "torn" / "students" / f"001-{'b' * 12}").mkdir(parents=True)
    (tmp_path / "registry" / "torn" / "current").symlink_to(f"students/001-{'b' * 12}")
    found = promoted_on(candidate(tmp_path, "w1"))
    assert found == {"tone": tmp_path / "registry" / "tone" / "current" / "student" / "adapter"}
    assert promoted_on(candidate(tmp_path, "")) == {}, "nobody knows what a base is that is not here"
