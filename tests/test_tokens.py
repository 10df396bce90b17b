"""Token counts without a network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from distill import tokens


def test_counts_are_tiktokens_own() -> None:
    """Known counts of o200k_base, and special-token spellings as plain text."""
    assert tokens.count("hello world") == 2
    assert tokens.count("<|endoftext|>") > 1


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_counted(text: str) -> None:
    """Lone surrogates too; a text has at most as many tokens as bytes."""
    assert 0 <= tokens.count(text) <= len(text.encode("utf-8", "surrogatepass"))


def test_a_fresh_machine_counts_offline(tmp_path: Path) -> None:
    """With an empty cache and no way out, the vocabulary comes from the package."""
    env = os.environ | {"TIKTOKEN_CACHE_DIR": str(tmp_path / "none"), "https_proxy": "http://127.0.0.1:9"}
    code = "from distill import tokens; print(tokens.count('hello world'))"
    shown = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "2"


def test_models_newer_than_tiktoken_get_the_newest_vocabulary() -> None:
    """Fine-tunes count as their base; unknown models by o200k."""
    assert tokens.encoding_name("ft:gpt-3.5-turbo:acme") == "cl100k_base"
    assert tokens.encoding_name("gpt-4") == "cl100k_base"
    assert tokens.encoding_name("gpt-99-nova") == "o200k_base"
