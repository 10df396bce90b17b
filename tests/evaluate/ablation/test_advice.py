"""The advice on a gate: by the interval that holds for all gates together, never by the narrow one."""

from __future__ import annotations

import pytest

from distill.evaluate.ablation.advice import advise, cost, same_rows
from distill.evaluate.ablation.result import DropPrice
from distill.stats import Estimate

PRICE = DropPrice(0.3, 0.12)


@pytest.mark.parametrize(
    ("effect", "sure", "seeds", "word", "said"),
    [
        ((0.08, 0.04, 0.12, 96), (0.03, 0.13), 3, "worth", "it brings +8.0 points (+4.0 to +12.0, n = 96), and cost $0.3 of"),
        ((-0.08, -0.12, -0.04, 96), (-0.13, -0.03), 3, "harmful", "loosen it, or leave it out"),
        ((0.03, 0.001, 0.06, 96), (-0.01, 0.07), 3, "undecided", "--seeds 5"),
        ((0.03, 0.001, 0.06, 96), (-0.01, 0.07), 5, "undecided", "To tell, it takes more test rows"),
        ((0.001, -0.015, 0.018, 96), (-0.03, 0.03), 3, "even", "within the 2 points that matter"),
        ((0.005, 0.001, 0.012, 96), (0.0005, 0.015), 3, "worth", "+0.5 points"),
        ((0.5, 0.3, 0.7, 12), (0.2, 0.8), 3, "undecided", "12 test rows are too few"),
        ((0.5, 0.3, 0.7, 96), (0.2, 0.8), 1, "undecided", "the luck of one training"),
    ],
)  # fmt: skip
def test_each_word_has_its_case(
    effect: tuple[float, float, float, int], sure: tuple[float, float], seeds: int, word: str, said: str
) -> None:
    found = advise("judge", Estimate(*effect), sure, PRICE, margin=0.02, seeds=seeds)
    assert found.word == word
    assert said in found.sentence


def test_what_a_gate_cost_is_told_by_what_it_went_to() -> None:
    assert cost(PRICE) == "cost $0.3 of answers that it dropped and $0.12 of verdicts"
    assert cost(DropPrice(1.5, 0.0)) == "cost $1.50 of answers that it dropped"
    assert cost(DropPrice(0.0, 0.0)) == "cost nothing"
    assert "nobody knows" in cost(DropPrice(0.3, None))


def test_the_same_rows_have_their_reason() -> None:
    assert "it dropped nothing in this run" in same_rows("dedup", 0, 0).sentence
    assert "36 have no verdict of a later gate" in same_rows("length", 36, 36).sentence
    assert "go at a later step too" in same_rows("schema", 5, 0).sentence
