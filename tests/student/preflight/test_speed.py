"""The rate of an earlier training of the same base is found; files that are torn or another's are passed over."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from distill.student.preflight import speed


def trained(
    home: Path, number: int, *, base: str = "b", layers: int | None = 6, tokens: int = 1000, seconds: float = 10
) -> Path:
    folder = home / "runs" / "task" / f"{number:03d}"
    (folder / "student").mkdir(parents=True)
    train = {"with": "lora", "base": base, "layers": layers}
    (folder / "spec.json").write_text(json.dumps({"spec": {"student": {"train": train}}}))
    curve = folder / "student" / "loss.json"
    curve.write_text(
        json.dumps([{"step": 1, "tokens": 10, "seconds": 5}, {"step": 9, "tokens": tokens, "seconds": seconds}])
    )
    os.utime(curve, (number, number))
    return folder


def test_newest_run_of_the_same_base_and_layers_comes_first(tmp_path: Path) -> None:
    trained(tmp_path, 1, tokens=1000)
    trained(tmp_path, 2, tokens=2000)
    trained(tmp_path, 3, layers=None, tokens=3000)
    trained(tmp_path, 4, base="other", tokens=4000)
    found = speed.earlier(tmp_path, "b", 6)
    assert found is not None
    assert found.tokens_per_second == 200
    assert found.says == "at the 200 tokens a second of run task/002"


def test_run_of_other_layers_is_taken_where_there_is_no_better(tmp_path: Path) -> None:
    trained(tmp_path, 1, layers=None)
    found = speed.earlier(tmp_path, "b", 6)
    assert found is not None
    assert "which trained all layers" in found.says


def test_what_is_torn_is_passed_over(tmp_path: Path) -> None:
    (trained(tmp_path, 1) / "student" / "loss.json").write_text("[{")
    (trained(tmp_path, 2) / "spec.json").write_text("[]")
    (trained(tmp_path, 3) / "spec.json").unlink()
    trained(tmp_path, 4, seconds=0)
    (trained(tmp_path, 5) / "student" / "loss.json").write_text('[{"step": 1, "train_loss": 1.0}]')
    assert speed.earlier(tmp_path, "b", 6) is None
    assert speed.earlier(tmp_path / "none", "b", 6) is None


def test_speed_is_measured_here() -> None:
    pytest.importorskip("torch", reason="the training extra is not installed")
    found = speed.measured()
    assert found.flops is not None
    assert found.flops > 1e8
