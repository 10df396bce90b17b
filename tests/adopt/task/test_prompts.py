"""A tune is asked with the system text that it was trained with, to the letter, wherever that stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.adopt.task.prompts import prompt_of, shared_by_all
from distill.chat import templates

ASKED = [{"role": "user", "content": "where is it?"}]
HARD = [
    "{{name}}",
    "[user]",
    "a\n[user]\nb",
    "ends\n",
    "\nbegins",
    "  ",
    "{{ messages }}",
    "{{{x}}}",
    "a\r\nb",
    "{% if a %}",
    "{{system}}",
]


def asked(prompt: str, system: str) -> list[dict[str, str]]:
    return templates.parse(prompt, "p").fill({"messages": ASKED, "system": system})


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0")) | st.sampled_from(HARD))
def test_any_shared_text_goes_out_as_it_was(system: str) -> None:
    prompt = prompt_of([{"system": system, "messages": ASKED}] * 2)
    said = [{"role": "system", "content": system}] if system.strip() else []
    assert asked(prompt, system) == [*said, *ASKED]
    assert not templates.faults(prompt, "p", columns=["messages", "system", "reply"])


def test_a_plain_text_stands_in_the_prompt() -> None:
    prompt = prompt_of([{"system": "Route it.", "messages": ASKED}] * 2)
    assert prompt == "Route it.\n[messages]\n{{messages}}\n"
    assert shared_by_all(prompt)


@pytest.mark.parametrize("systems", [["a", "b"], ["a", ""]])
def test_different_texts_stay_with_their_rows(systems: list[str]) -> None:
    prompt = prompt_of([{"system": one, "messages": ASKED} for one in systems])
    assert not shared_by_all(prompt)
    assert [asked(prompt, one) for one in systems] == [
        [*([{"role": "system", "content": one}] if one else []), *ASKED] for one in systems
    ]
