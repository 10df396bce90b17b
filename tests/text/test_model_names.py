"""The model that answered beside the one that was asked: another spelling is the same, another model is told."""

from __future__ import annotations

import pytest

from distill.text import model_names

SAME = [
    ("m", ""), ("m", "m"), ("gpt-4o", "gpt-4o-2024-08-06"), ("gpt-4o", "openai/gpt-4o"), ("claude-3-5-sonnet", "anthropic/claude-3-5-sonnet-20241022"),
    ("anthropic.claude-3-haiku-20240307-v1:0", "claude-3-haiku"), ("llama3", "llama3:latest"), ("llama3:8b", "llama3:8b-instruct-q4_K_M"), ("llama3", "llama3:8b"),
    ("qwen2.5-7b-instruct", "/models/Qwen2.5-7B-Instruct-Q4_K_M.gguf"), ("deepseek/deepseek-r1:free", "deepseek/deepseek-r1"), ("mistral-small-latest",
    "mistral-small-2409"),
    ("models/gemini-2.0-flash", "gemini-2.0-flash-001"), ("Meta-Llama-3", "meta_llama_3"), ("C:\\models\\m.gguf", "m"), ("llama3:8b", "llama3-8b"),
    ("accounts/fireworks/models/qwen3-8b", "qwen3-8b"), ("gemini-2.5-pro", "gemini-2.5-pro-preview-05-06"), ("gpt-4o", "gpt-4o@2024-08-06"),
]  # fmt: skip
OTHER = [
    ("m", "tiny-model"), ("gpt-4o", "gpt-4o-mini"), ("gpt-4o", "gpt-4"), ("llama-3.1-70b", "llama-3.1-8b"), ("llama3:70b", "llama3:8b"), ("claude-opus-4-1",
    "claude-opus-4"),
    ("mistral-7b-instruct-v0.2", "mistral-7b-instruct-v0.3"), ("deepseek-r1", "deepseek-r1-distill-qwen-7b"), ("ft:gpt-4o:a::1", "ft:gpt-4o:a::2"), ("a/x", "a/y"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "named"), SAME)
def test_another_spelling_is_the_same_model(asked: str, named: str) -> None:
    """A provider, a snapshot, a tag, a path, a file's ending or the case do not make another model."""
    assert model_names.same(asked, named)
    assert not named or model_names.same(named, asked)


@pytest.mark.parametrize(("asked", "named"), OTHER)
def test_another_model_is_another(asked: str, named: str) -> None:
    assert not model_names.same(asked, named)
    assert not model_names.same(named, asked)
