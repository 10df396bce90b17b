"""What all prompts of a batch begin with, read once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_models
from hypothesis import given
from hypothesis import strategies as st

from distill.base_model import generation, shared_prefix

TOLD = "Say in one word what the message is about, and answer in the form that is asked for. " * 4
WORDS = ["one", "two words", "three more words and then some", "a", "fifth of them all, and by far the longest one"]


@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=5), st.integers(0, 40))
def test_all_begin_with_it_and_each_keeps_a_token_of_its_own(ends: list[list[int]], common: int) -> None:
    prompts = [[7] * common + end for end in ends]
    found = shared_prefix.length(prompts)
    assert all(prompt[:found] == prompts[0][:found] and len(prompt) > found for prompt in prompts)
    most = min(map(len, prompts)) - 1
    longer = found < most and len({tuple(prompt[: found + 1]) for prompt in prompts}) == 1
    assert not longer or found == 0
    assert found == 0 or (len(prompts) > 1 and found >= 32)
    assert found >= min(common, most) or min(common, most) < 32 or len(prompts) == 1


@pytest.mark.parametrize("family", sorted(tiny_models.FAMILIES))
def test_answers_are_those_of_whole_prompts(
    tiny_family: Callable[[str], Path], family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts and probabilities, in fp32; a family with a sliding window reads its prompts whole."""
    made = generation.generator(tiny_family(family))
    made.model.float()
    turns = [[{"role": "user", "content": TOLD + text}] for text in WORDS]
    prompts = [replace(made.prompt(turn, 12), logprobs=True) for turn in turns]
    assert shared_prefix.length([prompt.ids for prompt in prompts]) > 32
    read: list[bool] = []
    original = shared_prefix.read

    def noted(*given: object) -> object:
        read.append((found := original(*given)) is not None)  # type: ignore[arg-type]  # passed on
        return found

    monkeypatch.setattr(shared_prefix, "read", noted)
    once = made.write(prompts)
    monkeypatch.setattr(shared_prefix, "length", lambda _: 0)
    whole = made.write(prompts)
    assert read == [family not in {"gemma3", "mistral"}]
    for one, other in zip(once, whole, strict=True):
        assert (one.text, one.tokens, one.whole) == (other.text, other.tokens, other.whole)
        assert [sure for _, sure in one.logprobs] == pytest.approx([sure for _, sure in other.logprobs], abs=1e-3)


WHOLE: dict[str, tuple[str, dict[str, object]]] = {
    "a bias by distance": ("MptConfig", {"d_model": 64, "n_layers": 2, "n_heads": 4, "max_seq_len": 1024}),
    "rotations by length": (
        "Phi3Config",
        {
            "max_position_embeddings": 1024, "original_max_position_embeddings": 380,
            "rope_parameters": {
                "rope_type": "longrope", "rope_theta": 1e4, "short_factor": [1.0] * 8, "long_factor": [4.0] * 8,
                "original_max_position_embeddings": 380,
            },
        },
    ),
    "rotations of a growing scale": (
        "LlamaConfig",
        {"max_position_embeddings": 380, "rope_parameters": {"rope_type": "dynamic", "factor": 4.0, "rope_theta": 1e4}},
    ),
    "a cache of its own": ("LlamaConfig", {}),
}  # fmt: skip
SIZES = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_model_that_does_not_go_by_positions_alone_reads_whole_prompts(
    tiny_family: Callable[[str], Path], name: str
) -> None:
    import torch
    import transformers

    tokenizer = generation.generator(tiny_family("gptneox")).tokenizer
    kind, own = WHOLE[name]
    sizes = {"vocab_size": len(tokenizer), "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    config = getattr(transformers, kind)(**sizes, **({} if kind == "MptConfig" else SIZES), **own)
    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_config(config).float().eval()
    if name == "a cache of its own":
        model.generation_config.cache_implementation = "static"
    assert shared_prefix.read(model, list(range(2, 42)), 3) is None
    made = generation.Generator(model, tokenizer)
    prompts = [made.prompt([{"role": "user", "content": TOLD + text}], 4) for text in WORDS]
    assert all(one.tokens for one in made.write(prompts))
