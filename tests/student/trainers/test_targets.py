"""What an adapter goes on, whatever a family calls its layers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from distill.base_model import load
from distill.base_model.tokenise import TrainError
from distill.student.trainers.targets import targets_of

MODULES = {
    "llama": {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"},
    "phi3": {"qkv_proj", "o_proj", "gate_up_proj", "down_proj"},
    "gptneox": {"query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"},
}


@pytest.mark.parametrize("family", MODULES)
def test_every_linear_map_of_the_last_layers_and_never_the_head(
    tiny_family: Callable[[str], Path], family: str
) -> None:
    model = load.model(tiny_family(family))
    found = targets_of(model, 1)
    assert set(found.modules) == MODULES[family]
    assert found.layers == (1,)
    assert found.pattern == "layers"
    assert targets_of(model, None).layers == (0, 1)
    assert targets_of(model, 99).layers == (0, 1)


def test_a_model_without_layers_is_told() -> None:
    import torch

    with pytest.raises(TrainError, match="has no list of layers"):
        targets_of(torch.nn.Linear(2, 2), None)  # type: ignore[arg-type]  # no model on purpose
