"""What `--as` says."""

from __future__ import annotations

import pytest

from distill.errors import UsageError
from distill.ship.target import Target, target_of


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ("merged", Target("merged")),
        ("gguf", Target("gguf", "f16")),
        (" GGUF:Q8_0 ", Target("gguf", "q8_0")),
        ("ollama:q4_k_m", Target("ollama", "q4_k_m")),
    ],
)
def test_forms(given: str, target: Target) -> None:
    assert target_of(given) == target


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("ggfu", "no such form; did you mean 'gguf'"),
        ("merged:q8_0", "only gguf and ollama are quantised; write --as merged"),
        ("gguf:q8", "no quantisation 'q8'; did you mean 'q8_0'"),
        ("", "no such form"),
    ],
)
def test_what_is_no_form_is_told_with_what_there_is(given: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        target_of(given)
