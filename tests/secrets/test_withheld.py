"""What may be a key is never shown, and what is none is."""

from __future__ import annotations

import pytest

from distill.secrets.withheld import is_key, looks_like_key, masked, names_a_secret, shown


@pytest.mark.parametrize(
    "text",
    [
        "sk-proj-abcdef1234567890", "sk-abc", "sk-ant-api03-xyz", "ghp_abcdefghijklmnop", "hf_abcdefghijkl", "AKIAIOSFODNN7EXAMPLE",
        "Bearer abcdef123", "bearer eyJhbGciOi", "https://me:hunter2@host/v1", "postgres://u:p@h/db", "gsk_1234567890ab",
        "key is sk-proj-abcdef1234567890 here",
    ],
)  # fmt: skip
def test_a_published_form_is_a_key_wherever_it_stands(text: str) -> None:
    assert is_key(text)
    assert shown(text) is None
    assert shown([text]) is None


@pytest.mark.parametrize(
    "text", ["Zk9fQ2xLmT7vB4nR8wYs3Hd6", "0123456789abcdef0123456789abcdef", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"]
)
def test_a_random_token_may_be_a_key(text: str) -> None:
    assert looks_like_key(text)
    assert not is_key(text)


@pytest.mark.parametrize(
    "text",
    [
        "gpt-4o-mini-2024-07-18", "qwen3-235b-a22b-instruct-2507", "embedded/smollm2-135m", "accounts/fireworks/models/llama-v3p1-8b",
        "meta-llama/Meta-Llama-3.1-405B-Instruct", "teacher.md", "OPENAI_API_KEY", "AZURE_OPENAI_KEY_2024", "https://api.openai.com/v1",
        "a plain sentence of some words", "2026-13-45", "../../data/support_messages.jsonl", "task-runner", "risk-free",
    ],
)  # fmt: skip
def test_what_people_write_is_no_key(text: str) -> None:
    assert not looks_like_key(text)
    assert shown(text) == repr(text)


def test_a_setting_that_is_a_place_for_a_key_shows_no_text() -> None:
    """A password is known by where it stands; a count of tokens is no token."""
    assert shown("hunter2", ("teacher", "key_env")) is None
    assert shown("hunter2", ("teacher", "headers", "X-Any")) is None
    assert shown(-1, ("teacher", "sampling", "max_tokens")) == "-1"
    assert not names_a_secret(("limits", "tokens_per_minute"))


def test_a_long_value_is_clipped() -> None:
    assert (shown("x " * 500) or "").endswith("… (1,000 characters)")


def test_a_message_of_others_is_masked_in_place() -> None:
    assert (
        masked("no sk-proj-abcdef1234567890, not https://me:hunter2@h/v1")
        == "no [withheld], not https://[withheld]@h/v1"
    )
    assert masked("a risk-free plan") == "a risk-free plan"
