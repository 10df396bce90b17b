"""Forms of a student that are written whole or not at all, each with its README."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.evaluate.comparison import ArmResult, Comparison, Difference
from distill.evaluate.verdict import ComparisonVerdict
from distill.rundir import file_hash
from distill.ship.ship import ship
from distill.ship.student import TunedStudent
from distill.ship.target import Target
from distill.stats import Estimate


def test_an_adapter_names_its_base_where_peft_looks_for_it(tiny_student: TunedStudent, tmp_path: Path) -> None:
    done = ship(tiny_student, Target("adapter"), tmp_path / "out")
    config = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(tiny_student.weights.path)
    assert set(done.files) >= {"README.md", "adapter_model.safetensors", "tokenizer.json"}
    assert done.files["README.md"] == (tmp_path / "out" / "README.md").stat().st_size


def test_the_readme_says_the_prompt_the_scores_and_the_hashes(tiny_student: TunedStudent, tmp_path: Path) -> None:
    arm = ArmResult({"json_fields": Estimate(0.9, 0.85, 0.94, 120)}, 120, 0, 0, None, None, None, None, None)
    gap = Difference("json_fields", "student", "teacher", 0.1, 0.05, 0.15, 120, small=False)
    compared = Comparison(
        "json_fields",
        "fields",
        0.02,
        120,
        {"student": arm},
        [gap],
        {},
        [],
        [],
        ComparisonVerdict("distil", ["Distil: it does."]),
    )
    ship(replace(tiny_student, comparison=compared), Target("vllm"), tmp_path / "out")
    text = (tmp_path / "out" / "README.md").read_text()
    assert "Say the mood." in text
    assert "{{message}}" in text
    assert "| student | 90.0 % (85 % to 94 %) | 120 |" in text
    assert "+10.0 points (+5.0 to +15.0), n = 120" in text
    assert file_hash(tmp_path / "out" / "adapter" / "adapter_model.safetensors") in text
    command = (tmp_path / "out" / "serve.sh").read_text()
    assert f"vllm serve {tiny_student.weights.path} --enable-lora --max-lora-rank 8" in command
    assert "--lora-modules mood=./adapter" in command


def test_nothing_is_written_over_and_nothing_is_left_half_written(
    tiny_student: TunedStudent, other_base: Callable[[Path], TunedStudent], tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match="is there already"):
        ship(tiny_student, Target("adapter"), tmp_path / "full")
    with pytest.raises(UsageError, match="no such folder or file"):
        ship(other_base(tmp_path / "none"), Target("merged"), tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["full"]
    (tmp_path / "empty").mkdir()
    assert ship(tiny_student, Target("adapter"), tmp_path / "empty").files


@pytest.fixture
def whole_student(tiny_student: TunedStudent, tmp_path: Path) -> TunedStudent:
    """The same base, all of it tuned: here the base itself."""
    from distill.base_model import load
    from distill.student.trainers import full

    base = tiny_student.weights.folder()
    full.keeper(load.model(base), load.tokeniser(base), base)(tmp_path / "model")
    return replace(tiny_student, tuned=tmp_path / "model", full=True)


def test_a_model_that_was_tuned_whole_ships_as_it_is_and_has_no_adapter(
    whole_student: TunedStudent, tmp_path: Path
) -> None:
    done = ship(whole_student, Target("merged"), tmp_path / "out")
    assert {"model.safetensors", "config.json", "tokenizer.json"} <= set(done.files)
    shipped, tuned = (folder / "model.safetensors" for folder in (tmp_path / "out", whole_student.tuned))
    assert shipped.read_bytes() == tuned.read_bytes()
    assert "all of it tuned" in (tmp_path / "out" / "README.md").read_text()
    for form in ("adapter", "vllm"):
        with pytest.raises(UsageError, match=r"with: full.*no adapter; take --as merged"):
            ship(whole_student, Target(form), tmp_path / form)
        assert not (tmp_path / form).exists()


def test_the_threshold_of_the_student_goes_with_it(tiny_student: TunedStudent, tmp_path: Path) -> None:
    files = (tmp_path / "routing.json", tmp_path / "nearest.npz")
    for file in files:
        file.write_bytes(file.name.encode())
    ship(replace(tiny_student, routing=files), Target("adapter"), tmp_path / "out")
    assert (tmp_path / "out" / "routing.json").read_bytes() == b"routing.json"
    assert (tmp_path / "out" / "nearest.npz").exists()
    text = (tmp_path / "out" / "README.md").read_text()
    assert "## When to ask the teacher instead" in text
    assert file_hash(files[0]) in text
