from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.lifecycle.harvest.masking import CannotMask, holds, masked, masked_fields

PRIVATE = {
    "anna.b+x@mail.co.uk": "[email]", "+49 170 1234567": "[phone]", "(415) 555-2671": "[phone]", "4111 1111 1111 1111": "[card]",
    "DE89 3704 0044 0532 0130 00": "[iban]", "8.8.8.8": "[ip]", "2001:4860:4860::8888": "[ip]", "078-05-1120": "[ssn]",
    "AKIAIOSFODNN7EXAMPLE": "[AWS key]", "sk-proj-abcdefghijklmnopqrstuvwx": "[OpenAI or Anthropic key]",
    "DB_PASSWORD=hunter2hunter2": "[password]", "ghp_" + "a1" * 18: "[GitHub token]",
}  # fmt: skip
PLAIN = [
    "order 4111 1111 1111 1112",
    "at 12:30:45",
    "192.168.0.1",
    "version 1.2.3",
    "DE12 3456",
    "chapter 3: see 4::5 for a::b",
    "C++ std::vector",
]
WORDS = st.text(st.characters(codec="utf-8"), max_size=12)


@pytest.mark.parametrize("found", PRIVATE)
def test_what_is_taken_out(found: str) -> None:
    assert masked(f"write to {found} please") == f"write to {PRIVATE[found]} please"


@pytest.mark.parametrize("text", PLAIN)
def test_what_stays(text: str) -> None:
    assert masked(text) == text


@given(
    st.lists(st.one_of(WORDS, st.sampled_from(sorted(PRIVATE)), st.sampled_from(PLAIN)), max_size=8),
    st.sampled_from([" ", "\n", ", ", "", "<", "/"]),
)
def test_nothing_is_left_however_it_is_joined(parts: list[str], joint: str) -> None:
    """A text in which something is found again is refused, and never comes back."""
    try:
        found = masked(joint.join(parts))
    except CannotMask:
        return
    assert not holds(found)
    assert masked(found) == found


@given(st.lists(st.sampled_from(sorted(PRIVATE)), min_size=1, max_size=4))
def test_among_words_each_is_masked(given_: list[str]) -> None:
    found = masked(" and then ".join(given_))
    assert not any(private in found for private in given_)


def test_fields_are_masked_at_every_depth_and_json_stays_json() -> None:
    arguments = json.dumps({"to": "anna@mail.co.uk", "count": 3})
    turn = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"function": {"name": "send", "arguments": arguments}}],
    }
    found = masked_fields({"messages": [turn], "count": 7, "text": "call +49 170 1234567"})
    assert json.loads(found["messages"][0]["tool_calls"][0]["function"]["arguments"]) == {"to": "[email]", "count": 3}
    assert (found["count"], found["text"]) == (7, "call [phone]")
