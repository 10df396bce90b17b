"""Settings that fit together, and what of them a spec changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from distill.cli.text.reference import preset_lines, presets_json
from distill.errors import SpecError
from distill.pipeline.open_task import open_task
from distill.spec.presets import PRESETS
from distill.spec.training import Train


def test_every_preset_is_a_training() -> None:
    for name, preset in PRESETS.items():
        train = Train.model_validate({"preset": name})
        assert {key: getattr(train, key) for key in preset.settings} == preset.settings


def test_a_key_of_the_spec_wins() -> None:
    train = Train.model_validate({"preset": "large", "rank": 4, "layers": 2})
    assert (train.rank, train.layers, train.accumulate, train.recompute) == (4, 2, 8, True)


def test_an_unknown_preset_is_refused(task: Path) -> None:
    with pytest.raises(SpecError, match=r"student\.train\.preset"):
        open_task(task, overrides=["student.train.preset=smal"], env={})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("{with: lora, preset: qlora}", "4 bits need an NVIDIA GPU and the package bitsandbytes"),
        ("{with: lora, track: wandb}", "the package wandb is not installed; pip install wandb"),
    ],
)
def test_what_is_not_here_is_said_by_validate(
    task: Path, monkeypatch: pytest.MonkeyPatch, settings: str, said: str
) -> None:
    from distill import extras

    here = extras.here
    monkeypatch.setattr(extras, "here", lambda module: module not in ("bitsandbytes", "wandb") and here(module))
    with pytest.raises(SpecError, match=said):
        open_task(task, overrides=[f"student.train={settings}"], env={})


def test_they_are_listed_with_what_they_need() -> None:
    text = "\n".join(preset_lines())
    listed: list[dict[str, Any]] = presets_json()
    assert [one["preset"] for one in listed] == list(PRESETS)
    for name, preset in PRESETS.items():
        assert name in text
        assert preset.needs in text
    assert "layers: null" in text
    assert "recompute: true" in text


def test_a_full_training_takes_small_steps_on_every_layer_whatever_its_preset() -> None:
    for given in ({}, {"preset": "tiny"}):
        train = Train.model_validate({"with": "full"} | given)
        assert (train.learning_rate, train.layers, train.local) == (2e-5, None, True)
    assert Train.model_validate({"with": "full", "learning_rate": 1e-4}).learning_rate == 1e-4
    again = Train.model_validate(Train.model_validate({"with": "full"}).model_dump(by_alias=True))
    assert again == Train.model_validate({"with": "full"})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("{with: full, layers: 6}", "layers: 6 is for an adapter"),
        ("{with: full, preset: qlora}", "4 bits cannot be tuned; say with: lora"),
    ],
)
def test_what_is_an_adapters_is_refused_for_all_weights(task: Path, settings: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        open_task(task, overrides=[f"student.train={settings}"], env={})
