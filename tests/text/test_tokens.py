"""Token counts without a network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.text import tokens


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
    code = "from distill.text import tokens; print(tokens.count('hello world'))"
    shown = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "2"


def test_models_newer_than_tiktoken_get_the_newest_vocabulary() -> None:
    """Fine-tunes count as their base; unknown models by o200k."""
    assert tokens.encoding_name("ft:gpt-3.5-turbo:acme") == "cl100k_base"
    assert tokens.encoding_name("gpt-4") == "cl100k_base"
    assert tokens.encoding_name("gpt-99-nova") == "o200k_base"


def counted(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Tokens of a word, in a process of its own that has this home and this folder for temporary files."""
    code = (
        "from distill.text import tokens; print(tokens.count('hello'), __import__('os').environ['TIKTOKEN_CACHE_DIR'])"
    )
    told = {"PYTHONPATH": str(Path(__file__).parents[1]), "TMPDIR": str(folder), "PATH": ""} | environment
    return subprocess.run([sys.executable, "-c", code], env=told, capture_output=True, text=True, check=True)


def test_the_vocabulary_lies_in_the_users_cache(tmp_path: Path) -> None:
    said = counted(tmp_path, HOME=str(tmp_path / "home")).stdout.split()
    assert said == ["1", str(tmp_path / "home/.cache/distill/tiktoken")]
    assert (tmp_path / "home/.cache/distill/tiktoken").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("trap", ["link", "open to all"])
def test_a_folder_that_others_can_write_to_is_not_used(tmp_path: Path, trap: str) -> None:
    """Whoever owns the folder could lay a link there, and we would write where it points."""
    cache, elsewhere = tmp_path / "home/.cache/distill", tmp_path / "elsewhere"
    cache.mkdir(parents=True)
    elsewhere.mkdir()
    if trap == "link":
        (cache / "tiktoken").symlink_to(elsewhere)
    else:
        (cache / "tiktoken").mkdir()
        (cache / "tiktoken").chmod(0o777)
    count, folder = counted(tmp_path, HOME=str(tmp_path / "home")).stdout.split()
    assert count == "1"
    assert Path(folder).parent == tmp_path
    assert not Path(folder).exists()  # it went with the process
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize(
    "text", [" " * 1_100_000, "a " * 600_000, "\n" * 1_100_000 + "x"], ids=["blanks", "words", "lines"]
)
def test_a_text_of_any_length_is_counted(text: str) -> None:
    """tiktoken panics at a million blanks in a row, which no `except Exception` would catch."""
    assert len(text) / 200 < tokens.count(text) <= len(text)
