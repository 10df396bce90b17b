"""The base of a student is the one that it was tuned on, by its weights and not by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.base_model.local import fingerprint
from distill.errors import UsageError
from distill.lifecycle.registry.base import identity_of
from distill.records import content_id
from distill.rundir import RunDir


def used(base: str, way: str = "lora") -> dict[str, object]:
    return {"spec": {"student": {"template": None, "train": {"with": way, "base": base}}}}


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "model.safetensors").write_bytes(b"weights")
    run = RunDir(tmp_path, "mood", 1)
    run.path.mkdir(parents=True)
    run.record("train", {"reads": {"fact:base": content_id(fingerprint(tmp_path / "base"))}})
    return run


def test_the_same_weights_under_another_name_and_others_under_the_same(run: RunDir, tmp_path: Path) -> None:
    spec = tmp_path / "task.yaml"
    known = fingerprint(tmp_path / "base")
    assert identity_of(run, used("./base"), spec) == known
    (tmp_path / "base").rename(tmp_path / "moved")
    assert identity_of(run, used("./moved"), spec) == known
    (tmp_path / "moved" / "model.safetensors").write_bytes(b"others!")
    with pytest.raises(
        UsageError, match=r"'./moved' is another than the one that the student of mood/001 was tuned on"
    ):
        identity_of(run, used("./moved"), spec)


@pytest.mark.parametrize(("base", "way"), [("./gone", "lora"), ("./base", "linear"), ("gpt-x", "hosted")])
def test_weights_that_are_not_here_say_nothing(run: RunDir, tmp_path: Path, base: str, way: str) -> None:
    assert identity_of(run, used(base, way), tmp_path / "task.yaml") == ""
