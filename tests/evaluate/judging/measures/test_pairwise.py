"""Wins, ties and losses from both orders of a pair and several judges."""

from __future__ import annotations

import pytest

from distill.evaluate.judging.measures.bias import JudgedPair
from distill.evaluate.judging.measures.pairwise import outcome, pairwise_result


def pair(row: str, first: float, second: float) -> JudgedPair:
    return JudgedPair(row, first, second, 3)


@pytest.mark.parametrize(
    ("judged", "expected"),
    [
        ([(1, 1)], 1.0),
        ([(0, 0)], 0.0),
        ([(1, 0)], 0.5),  # the first one, whichever it is
        ([(1, 0.5)], 0.5),
        ([(1, 1), (1, 1), (0, 0)], 1.0),
        ([(1, 1), (0, 0)], 0.5),
        ([(1, 0), (0, 0)], 0.0),
    ],
)
def test_the_majority_of_the_judges_decides(judged: list[tuple[float, float]], expected: float) -> None:
    assert outcome([pair("r", *one) for one in judged]) == expected


def test_every_pair_is_counted_once() -> None:
    by_judge = {
        "a": [pair("1", 1, 1), pair("2", 1, 0), pair("3", 0, 0), pair("4", 0.5, 0.5)],
        "b": [pair("1", 1, 1), pair("2", 1, 0), pair("3", 0, 0)],
    }
    found = pairwise_result("teacher", by_judge, equal=["e1", "e2"], rows=8)
    assert (found.wins, found.ties, found.losses, found.equal, found.inconsistent, found.unjudged) == (1, 4, 1, 2, 1, 2)
    assert found.pairs + found.unjudged == 8
    assert found.win_rate is not None
    assert (found.win_rate.mean, found.win_rate.n) == (0.5, 6)
    assert [(one.judge, one.pairs, one.inconsistent) for one in found.by_judge] == [("a", 4, 1), ("b", 3, 1)]
    assert found.by_judge[0].position is not None
    assert found.by_judge[0].position.mean == pytest.approx(0.125)


def test_without_any_verdict_there_is_no_win_rate() -> None:
    found = pairwise_result("teacher", {"a": []}, equal=[], rows=3)
    assert (found.win_rate, found.length, found.unjudged) == (None, None, 3)
