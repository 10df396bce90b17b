"""The loss over answers is the model's own, by the short way too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_models

from distill.base_model import load
from distill.student.trainers.answer_loss import AnswerStates


@pytest.mark.parametrize("family", sorted(tiny_models.FAMILIES))
def test_logits_are_those_of_the_whole_model(tiny_family: Callable[[str], Path], family: str) -> None:
    """Also for a family that scales what its head gives (Granite), which must not be passed over."""
    import torch

    lm = load.model(tiny_family(family), dtype=torch.float32)
    ids = torch.randint(2, 200, (3, 14), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    mask[1, 9:] = 0
    inputs = {"input_ids": ids, "attention_mask": mask}
    scored = torch.zeros((3, 13), dtype=torch.bool)
    scored[0, 10:], scored[1, 5:8], scored[2, 12] = True, True, True
    states = AnswerStates(lm, 1, inputs)
    assert states._plain_head == (family != "granite")
    whole = lm(**inputs, use_cache=False).logits[:, :-1][scored]
    for _ in range(2):  # the second time some of it is taken from what was kept
        assert torch.allclose(states.logits(inputs, scored), whole, rtol=1e-3, atol=1e-4)
