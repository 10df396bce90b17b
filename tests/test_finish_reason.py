"""One word for each way an answer ends, whatever a server calls it."""

import pytest

from distill.finish_reason import canonical


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ("stop", "stop"),
        ("FinishReason.MAX_TOKENS", "length"),
        ("FINISH_REASON_STOP", "stop"),
        ("<|im_end|>", "stop"),
        ("endTurn", "stop"),
        ("content_filter: SAFETY", "content_filter"),
        ("tool-use", "tool_calls"),
        ("malformed function call", "error"),
    ],
)
def test_server_words_become_ours(given: str, word: str) -> None:
    assert canonical(given) == word


def test_unknown_word_is_kept_as_it_is() -> None:
    """The gate names it; it is never taken for a good end."""
    assert canonical("Bored") == "Bored"
