"""A decoder in two halves gives the states that it gives whole, and computes its lower half once."""

from __future__ import annotations

from typing import Any

import pytest

from distill.student.trainers import frozen_layers
from distill.student.trainers.frozen_layers import FrozenLayers

SIZES: dict[str, Any] = {
    "vocab_size": 50, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 4, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 64,
}  # fmt: skip
KINDS = ("Llama", "Qwen3", "Mistral")


@pytest.fixture(scope="module")
def torch() -> Any:
    """Imported by the first test here: at collection every worker would pay for it, and hold a million objects more."""
    return pytest.importorskip("torch", reason="the training extra is not installed")


def batch(*lengths: int, seed: int = 0) -> tuple[Any, Any]:
    """Rows padded on the right."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(1, 50, (len(lengths), max(lengths)), generator=generator)
    mask = torch.tensor([[1] * length + [0] * (max(lengths) - length) for length in lengths])
    return ids * mask, mask


def decoder(kind: str, **sizes: Any) -> Any:
    import torch
    import transformers

    torch.manual_seed(0)
    return getattr(transformers, f"{kind}Model")(getattr(transformers, f"{kind}Config")(**SIZES, **sizes)).eval()


@pytest.mark.parametrize("kind", KINDS)
def test_both_halves_give_the_states_of_the_whole(torch: Any, kind: str) -> None:
    model = decoder(kind)
    halves, (ids, mask) = FrozenLayers(model, 2), batch(5, 9, 3)
    assert halves.same(ids, mask)
    whole = model(input_ids=ids, attention_mask=mask).last_hidden_state
    for _ in range(2):  # computed, then kept
        found = halves.states(ids, mask)
        torch.testing.assert_close(found[mask.bool()], whole[mask.bool()], rtol=1e-4, atol=1e-4)
    assert len(model.layers) == 4


def test_rows_kept_from_other_batches_serve_one_of_another_width(torch: Any) -> None:
    model = decoder("Llama")
    halves, (ids, mask) = FrozenLayers(model, 2), batch(5, 9, 3)
    halves.states(ids, mask)
    calls = []
    model.layers[0].register_forward_hook(lambda *_: calls.append(1))
    few = halves.states(ids[[2, 0], :5], mask[[2, 0], :5])
    assert calls == [], "the lower half is not computed again"
    whole = model(input_ids=ids[[2, 0], :5], attention_mask=mask[[2, 0], :5]).last_hidden_state
    real = mask[[2, 0], :5].bool()
    torch.testing.assert_close(few[real], whole[real], rtol=1e-4, atol=1e-4)


def test_only_the_upper_half_learns_and_gets_the_same_gradients(torch: Any) -> None:
    model, (ids, mask) = decoder("Llama"), batch(6, 4)
    weight = model.layers[3].mlp.up_proj.weight
    for parameter in model.parameters():
        parameter.requires_grad_(parameter is weight)
    model(input_ids=ids, attention_mask=mask).last_hidden_state[mask.bool()].sum().backward()
    wanted, weight.grad = weight.grad, None
    halves = FrozenLayers(model, 2)
    for _ in range(2):
        halves.states(ids, mask)[mask.bool()].sum().backward()
        torch.testing.assert_close(weight.grad, wanted, rtol=1e-3, atol=1e-5)
        weight.grad = None


def test_without_room_nothing_is_kept_and_all_is_right(torch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frozen_layers, "MOST_BYTES", 0)
    model, (ids, mask) = decoder("Llama"), batch(6, 4)
    halves = FrozenLayers(model, 2)
    whole = model(input_ids=ids, attention_mask=mask).last_hidden_state
    for _ in range(2):
        torch.testing.assert_close(halves.states(ids, mask)[mask.bool()], whole[mask.bool()], rtol=1e-4, atol=1e-4)


def test_rows_padded_on_the_left_and_models_of_another_kind_are_told(torch: Any) -> None:
    model, (ids, mask) = decoder("Llama"), batch(6, 4)
    assert not FrozenLayers(model, 2).same(ids.flip(1), mask.flip(1))
    gemma = decoder("Gemma3Text", layer_types=["full_attention"] * 4)
    halves = FrozenLayers(gemma, 2)
    whole = gemma(input_ids=ids, attention_mask=mask).last_hidden_state
    if halves.same(ids, mask):
        torch.testing.assert_close(halves.states(ids, mask)[mask.bool()], whole[mask.bool()], rtol=1e-3, atol=1e-3)
    assert len(gemma.layers) == 4
