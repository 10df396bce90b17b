"""Models of one family, by their names."""

from __future__ import annotations

import pytest

from distill.evaluate.judging.measures.family import family, family_warnings


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-4.1-mini", "gpt"),
        ("openai/gpt-oss-120b", "gpt"),
        ("ft:gpt-4o-mini-2024:acme::abc", "gpt"),
        ("o3-mini", "gpt"),
        ("claude-sonnet-4", "claude"),
        ("us.anthropic.claude-3-5-haiku", "claude"),
        ("Qwen/Qwen2.5-7B-Instruct", "qwen"),
        ("accounts/fireworks/models/llama-v3p1-8b", "llama"),
        ("meta-llama/Meta-Llama-3-8B", "llama"),
        ("meta-llama/Llama-3.1-8B", "llama"),
        ("mistralai/Mixtral-8x7B", "mistral"),
        ("embedded/smollm2-135m", "smollm"),
        ("google/gemma-2-9b-it", "gemma"),
        ("deepseek-r1", "deepseek"),
        ("scripted", ""),
        ("optimus-o1", ""),
        ("", ""),
    ],
)
def test_the_family_of_a_name(model: str, expected: str) -> None:
    assert family(model) == expected


def test_one_warning_for_each_kinship() -> None:
    found = family_warnings(["gpt-5", "mine", "claude-4"], ["gpt-4.1", "gpt-4.1"], ["Qwen/Qwen2.5-1.5B"])
    assert len(found) == 1
    assert found[0].startswith("Judge gpt-5 and teacher gpt-4.1 are of one family (gpt)")
    assert family_warnings(["mine"], ["mine"], [])[0].startswith("Judge and teacher are one model, mine")
    assert "student Qwen/Qwen2.5-1.5B" in family_warnings(["qwen-max"], [], ["Qwen/Qwen2.5-1.5B"])[0]
    assert family_warnings(["unknown-a"], ["unknown-b"], []) == []
