"""A confidence from the probabilities of tokens, and from further draws."""

from __future__ import annotations

import math

import pytest

from distill.values.confidence import names_in, of_draws, of_tokens, value_spans


def listed(*parts: tuple[str, float]) -> list[dict[str, object]]:
    return [{"token": said, "logprob": math.log(share), "bytes": list(said.encode())} for said, share in parts]


ANSWER = '{"intent": "refund", "note": "So sorry"}'
TOKENS = listed(
    ('{"', 0.5), ("intent", 0.5), ('":', 0.9), (' "', 0.8), ("ref", 0.5), ("und", 1.0), ('",', 0.5), (' "', 0.1), ("note", 0.1),
    ('":', 0.1), (' "So', 0.1), (" sorry", 0.1), ('"}', 0.1),
)  # fmt: skip


def test_only_the_tokens_of_compared_values_count() -> None:
    assert of_tokens(ANSWER, TOKENS, ["intent"]) == pytest.approx(0.8 * 0.5 * 1.0 * 0.5)


def test_of_a_plain_answer_all_tokens_count() -> None:
    assert of_tokens("refund", listed(("ref", 0.5), ("und", 0.5))) == pytest.approx(0.25)


def test_tokens_beside_the_answer_do_not_count() -> None:
    """An end token, and a blank that the reply was stripped of."""
    assert of_tokens("yes", listed((" ", 0.1), ("yes", 0.5), ("<|im_end|>", 0.1))) == pytest.approx(0.5)


def test_half_letters_are_put_together_by_their_bytes() -> None:
    halves = [{"token": "\ufffd", "logprob": -0.5, "bytes": [part]} for part in "é".encode()]
    assert of_tokens("é", halves) == pytest.approx(math.exp(-1.0))


@pytest.mark.parametrize(
    "logprobs", [None, [], [{"token": "a"}], ["a"], listed(("b", 0.5)), [{"token": "a", "logprob": math.nan}]]
)
def test_what_is_no_list_of_this_text_is_no_confidence(logprobs: object) -> None:
    assert of_tokens("a", logprobs) is None


def test_values_are_found_behind_words_and_in_what_is_cut_off() -> None:
    text = 'Sure: {"a": [1, {"b": 2}], "c": "x'
    assert [text[first:last] for first, last in value_spans(text, ["a", "c"])] == ['[1, {"b": 2}]']
    assert names_in(text) == ["a"]
    assert value_spans("no object", ["a"]) == [(0, 9)]


def test_draws_agree_by_the_fields_that_are_compared() -> None:
    draws = ['{"note": "x", "intent":"refund"}', '{"intent": "bill"}', "", ANSWER]
    assert of_draws(ANSWER, draws, ["intent"]) == 0.5
    assert of_draws(" Yes", ["yes", "no"]) == 0.5
    assert of_draws("yes", []) is None
