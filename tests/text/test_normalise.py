import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.text.normalise import DEEPEST, did_you_mean, normalise, storable, strict_json

ANY_TEXT = st.text(st.characters())  # lone surrogates too


@given(st.recursive(st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(), st.lists, max_leaves=8))
def test_json_that_was_written_by_the_book_is_read_as_it_is(value):
    assert strict_json(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": NaN}', "NaN is not JSON"),
        ("[1e999]", "beyond what a float can hold"),
        ('{"a": 1, "a": 2}', "the key 'a' appears twice"),
        ('{"a": {"b": 1, "b": 1}}', "the key 'b' appears twice"),
        ('{"a": 1} and so on', "bad JSON at character 10"),
        ('```json\n{"a": 1}\n```', "bad JSON"),
        ('{"a": "cut', "bad JSON"),
        ("", "bad JSON"),
        ("9" * 5000, "a whole number of 5000 digits"),
        ("[" * (DEEPEST + 2) + "]" * (DEEPEST + 2), "nested deeper"),
        ("[" * 200_000, "nested deeper"),
    ],
)
def test_json_that_two_parsers_could_read_differently_is_refused_with_its_reason(text, why):
    with pytest.raises(ValueError, match=why):
        strict_json(text)


@given(ANY_TEXT)
def test_whatever_the_text_strict_json_gives_a_value_or_a_value_error(text):
    with suppress(ValueError):
        json.dumps(strict_json(text), allow_nan=False)


@given(ANY_TEXT)
def test_a_storable_text_is_utf8_and_text_without_half_emojis_is_untouched(text):
    stored = storable(text)
    stored.encode()
    try:
        text.encode()
    except UnicodeEncodeError:
        assert "\ufffd" in stored
    else:
        assert stored == text


@pytest.mark.parametrize(
    ("one", "other"),
    [("Café  Au\tLait\n", "cafe\u0301 au lait"), ("STRASSE", "straße"), ("a\u2003b", "a b")],
)
def test_case_spacing_and_composition_do_not_make_another_text(one, other):
    assert normalise(one) == normalise(other)


@given(st.text(st.characters(max_codepoint=127)))
def test_a_text_of_ascii_is_read_as_within_one_that_is_not(text):
    """It is folded in one pass over its bytes, and gives what the way of all others gives."""
    assert f"{normalise(text)} é".strip() == normalise(f"{text} É")


def test_an_unknown_word_gets_the_nearest_known_one_or_else_the_list():
    assert did_you_mean("mesage", ["message", "id"]) == "; did you mean 'message'?"
    assert did_you_mean("zzz", ["message", "id"]) == "; known: id, message"
    assert not did_you_mean("zzz", [])
