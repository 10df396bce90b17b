"""What is said of judges: a winner only where the interval tells, and what speaks against the judge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from distill.curate.calibration.stats import LabelledDecision
from distill.evaluate.judging.measures.bias import JudgedPair
from distill.evaluate.judging.measures.calibrated import reliability
from distill.evaluate.judging.measures.pairwise import PairwiseResult, pairwise_result
from distill.evaluate.judging.result import ArmPassRate, Judging
from distill.evaluate.judging.sentences import judge_sentences, judge_warnings
from distill.stats import proportion


def result(*shown: tuple[float, float], longer: int = 0) -> PairwiseResult:
    pairs = [JudgedPair(f"r{n}", first, second, (n % 5 - 2) + longer) for n, (first, second) in enumerate(shown)]
    return pairwise_result("teacher", {"j": pairs}, equal=[], rows=len(pairs))


def judging(*pairs: PairwiseResult, **more: object) -> Judging:
    found = Judging(["j"], {"accuracy": "right"}, 4.0, 100, 0, 0, {}, [], [], None, list(pairs))
    return replace(found, **more)  # type: ignore[arg-type]  # each test names a field of it


@pytest.mark.parametrize(
    ("wins", "losses", "said"),
    [
        (80, 20, "so its answers are preferred"),
        (20, 80, "so the other's answers are preferred"),
        (50, 50, "so neither is clearly preferred"),
    ],
)
def test_a_preference_is_named_where_the_interval_tells(wins: int, losses: int, said: str) -> None:
    (line,) = judge_sentences(judging(result(*[(1.0, 1.0)] * wins, *[(0.0, 0.0)] * losses)))
    assert line.startswith(
        f"Judged in pairs, the student wins {wins}, ties 0 and loses {losses} against the teacher: a win rate of"
    )
    assert said in line


def test_few_pairs_name_no_winner() -> None:
    (line,) = judge_sentences(judging(result(*[(1.0, 1.0)] * 10)))
    assert line.endswith("on too few rows to tell.")


def test_where_length_decides_both_rates_are_told() -> None:
    """The longer one always wins, and ours mostly is it."""
    pairs = [
        JudgedPair(f"r{n}", float(ours), float(ours), 50 if ours else -50) for n in range(100) for ours in [n % 10 < 7]
    ]
    (line,) = judge_sentences(judging(pairwise_result("teacher", {"j": pairs}, equal=[], rows=100)))
    assert "Length adds" in line
    assert "at equal length it is" in line


def test_a_judge_that_goes_by_the_place_is_named() -> None:
    found = judge_warnings(judging(result(*[(1.0, 0.0)] * 30, *[(1.0, 1.0)] * 35, *[(0.0, 0.0)] * 35)))
    assert found[0].startswith("Judge j prefers the first answer by 15 points")
    assert "30 of 100 that change with it count as ties" in found[0]
    assert not any(
        "prefers" in line for line in judge_warnings(judging(result(*[(1.0, 1.0)] * 50, *[(0.0, 0.0)] * 50)))
    )


def test_what_the_judge_is_worth_is_told_or_said_to_be_unknown() -> None:
    assert any("no labelled answers are given" in line for line in judge_warnings(judging()))
    by = reliability([LabelledDecision("a", True, True)] * 9)
    assert any("9 good and 0 bad" in line for line in judge_warnings(judging(reliability=by)))
    rates = [
        ArmPassRate("student", proportion(80, 100), proportion(75, 100)),
        ArmPassRate("teacher", proportion(90, 100), None),
    ]
    (line,) = judge_sentences(judging(pass_rates=rates))
    assert "75 % (66 % to 82 %) of the student's answers pass" in line


def test_missing_verdicts_are_told_with_the_commonest_reason() -> None:
    found = judge_warnings(judging(scored=80, unscored=20, unread={"unreadable: bad JSON": 18, "cut off": 2}))
    assert "20 of 100 answers have no verdict by a judge; most often: unreadable: bad JSON." in found
