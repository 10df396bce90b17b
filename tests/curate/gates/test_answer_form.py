"""The form of an answer: one word for each, whatever it holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.curate.gates.answer_form import FORMS, form


@pytest.mark.parametrize(
    ("answer", "calls", "found"),
    [
        ('{"mood": "glad"}', "", "JSON"),
        (' [1, 2]\n', "", "JSON"),
        ('{"mood": "glad"', "", "line"),
        ('Here it is:\n{"mood": "glad"}', "", "lines"),
        ("42", "", "line"),
        ("", "", "empty"),
        (" \n ", "", "empty"),
        ("", '[["look", "{}"]]', "call"),
        ("So:\n```python\nprint(1)\n```", "", "code"),
        ("- one\n- two", "", "list"),
        ("1. one\n2) two", "", "list"),
        ("Steps:\n  • one\n  • two", "", "list"),
        ("It costs\n- 5 degrees", "", "lines"),
        ("a - b - c", "", "line"),
        ("**bold**\ntext", "", "lines"),
    ],
)  # fmt: skip
def test_an_answers_form(answer: str, calls: str, found: str) -> None:
    assert form(answer, calls) == found


@given(st.text(), st.sampled_from(["", "[]"]))
def test_every_text_has_one_of_the_forms(answer: str, calls: str) -> None:
    assert form(answer, calls) in FORMS
