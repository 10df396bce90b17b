from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from distill.chat.templates import parse
from distill.lifecycle.logs.prompt_pattern import pattern_of

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=40)


@given(TEXTS)
def test_a_prompt_turned_round_gives_the_field_back(message: str) -> None:
    prompt = parse("Sort.\n[user]\nMessage: {{message}}\nAnswer as JSON.\n", "p")
    assert pattern_of(prompt).fields(prompt.fill({"message": message})) == {"message": message}


@given(TEXTS, TEXTS)
def test_several_fields_give_the_same_turns_again(one: str, other: str) -> None:
    """Where texts hold the words between two fields, another split is as good: the turns are the same."""
    prompt = parse("{{a}}\n[user]\nFirst: {{a}}\nThen: {{b}}\n", "p")
    filled = prompt.fill({"a": one if one.strip() else "x", "b": other})  # a blank turn is none
    found = pattern_of(prompt).fields(filled)
    assert found is not None
    assert prompt.fill(found) == filled
