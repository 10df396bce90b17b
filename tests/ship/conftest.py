"""A tuned student of a tiny llama, as `distill ship` finds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from distill.base_model.local import LocalWeights
from distill.ship.student import TunedStudent


@pytest.fixture(scope="session")
def tiny_student(tiny_family: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> TunedStudent:
    """Its adapter is drawn, and large enough to change what is answered."""
    torch = pytest.importorskip("torch", reason="the training extra is not installed")
    from peft import get_peft_model_state_dict

    from distill.base_model.quiet import quiet
    from distill.student.trainers.adapter_weights import save_adapter, with_adapter
    from distill.student.trainers.fine_tuning import TuningSettings

    folder, base = tmp_path_factory.mktemp("student"), tiny_family("llama")
    torch.manual_seed(0)
    with quiet():
        model = with_adapter(base, TuningSettings(rank=4, alpha=8, layers=None)).float()
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.4)
    adapter = save_adapter(model, get_peft_model_state_dict(model), folder / "adapter")
    return TunedStudent(
        task="mood", run="mood/001", about="Says the mood.", base=str(base), weights=LocalWeights(str(base), folder, folder),
        tuned=adapter, prompt=(("system", "Say the mood."), ("user", "{{message}}")), teacher="scripted", terms="made up",
        schema={"type": "object"}, comparison=None,
    )  # fmt: skip


@pytest.fixture
def other_base(tiny_student: TunedStudent) -> Callable[[Path], TunedStudent]:
    """The same adapter said to be on another file."""
    return lambda path: replace(tiny_student, base=str(path), weights=LocalWeights(str(path), path.parent, path.parent))
