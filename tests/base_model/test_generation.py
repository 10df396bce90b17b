"""Greedy answers, many at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_models

from distill.base_model import generation
from distill.base_model.chat_format import chat_format

WORDS = [
    "one",
    "two words",
    "three more words and then some",
    "a",
    "fifth of them all, and by far the longest one " * 3,
]


@pytest.mark.parametrize("family", sorted(tiny_models.FAMILIES))
def test_a_batch_answers_as_one_call_at_a_time(tiny_family: Callable[[str], Path], family: str) -> None:
    """The tokens that transformers' own `generate` gives to each prompt alone, in fp32."""
    import torch

    made = generation.generator(tiny_family(family))
    made.model.float()
    prompts = [made.prompt([{"role": "user", "content": text}], 12) for text in WORDS]
    together = made.write(prompts)
    stops = list(chat_format(made.tokenizer).stops)
    for prompt, found in zip(prompts, together, strict=True):
        with torch.inference_mode():
            out = made.model.generate(
                torch.tensor([prompt.ids]), max_new_tokens=12, do_sample=False, eos_token_id=stops, pad_token_id=1
            )
        alone = out[0, len(prompt.ids) :].tolist()
        ended = alone[-1] in stops
        kept = alone[:-1] if ended else alone
        assert found.text == made.tokenizer.decode(kept, skip_special_tokens=True)
        assert (found.tokens, found.whole) == (len(alone), ended)


def test_each_prompt_has_its_own_limit(tiny_family: Callable[[str], Path]) -> None:
    made = generation.generator(tiny_family("llama"))
    prompts = [made.prompt([{"role": "user", "content": "x"}], most) for most in (1, 7, 3)]
    assert [one.tokens for one in made.write(prompts) if not one.whole] == [
        most for most, one in zip((1, 7, 3), made.write(prompts), strict=True) if not one.whole
    ]


def test_batches_hold_prompts_of_like_length_and_no_more_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "BATCH_TOKENS", 100)
    prompts = [generation.Prompt([0] * length, 10) for length in (30, 5, 31, 6, 200, 7)]
    batches = list(generation._batches(prompts))
    assert sorted(place for batch in batches for place in batch) == list(range(6))
    for batch in batches:
        width = max(len(prompts[place].ids) for place in batch)
        assert len(batch) == 1 or len(batch) * (width + 10) <= 100
        assert width <= 1.2 * min(len(prompts[place].ids) for place in batch) + generation.SLACK
    assert batches[0][:3] == [1, 3, 5]


def test_the_probability_of_each_token_is_told_where_it_is_wanted(tiny_family: Callable[[str], Path]) -> None:
    """Against a forward pass over the prompt and what was written; texts of tokens join to the answer."""
    import torch

    made = generation.generator(tiny_family("llama"))
    made.model.float()
    prompts = [replace(made.prompt([{"role": "user", "content": text}], 8), logprobs=True) for text in WORDS]
    for prompt, found in zip(prompts, made.write(prompts), strict=True):
        assert "".join(said for said, _ in found.logprobs) == found.text
        with torch.inference_mode():
            out = made.model.generate(
                torch.tensor([prompt.ids]), max_new_tokens=8, do_sample=False, pad_token_id=1, return_dict_in_generate=True,
                output_logits=True, eos_token_id=list(chat_format(made.tokenizer).stops),
            )  # fmt: skip
        theirs = [float(step.log_softmax(-1).max()) for step in out.logits][: len(found.logprobs)]
        assert [sure for _, sure in found.logprobs] == pytest.approx(theirs, abs=1e-3)
    plain = made.write([replace(prompts[0], logprobs=False)])[0]
    assert list(plain.logprobs) == []
