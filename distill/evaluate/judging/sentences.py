"""What the judges found, in sentences for the verdict and as warnings."""

from __future__ import annotations

from distill.evaluate.judging.measures.pairwise import PairwiseResult
from distill.evaluate.judging.result import Judging
from distill.stats import Estimate
from distill.text.percentages import percent, points, signed

_SHIFT = 0.02
"""A bias of fewer points is not worth a sentence."""
_UNREAD = 0.1
"""Share of the answers without a verdict from which on it is a warning."""
_NAMES = {"teacher": "the teacher", "base": "the untrained small model", "prompted_base": "the prompted small model"}


def judge_sentences(found: Judging) -> list[str]:
    """One sentence on each comparison, and one on pass rates by people's measure."""
    said = [_against(result) for result in found.pairs if result.win_rate is not None]
    rates = {rate.arm: rate.corrected for rate in found.pass_rates if rate.corrected is not None}
    if ours := rates.get("student"):
        theirs = rates.get("teacher")
        beside = f", and {_share(theirs)} of the teacher's" if theirs else ""
        said.append(
            f"Corrected by the judge's errors on labelled answers, {_share(ours)} of the student's answers pass{beside}."
        )
    return said


def _against(result: PairwiseResult) -> str:
    other, rate, length = _NAMES.get(result.other, result.other), result.win_rate, result.length
    if rate is None:
        return ""
    counts = (
        f"Judged in pairs, the student wins {result.wins}, ties {result.ties} and loses {result.losses} against {other}"
    )
    said = f"{counts}: a win rate of {_share(rate)}"
    if rate.small:
        return f"{said}, on too few rows to tell."
    if length is None or abs(length.adds.mean) < _SHIFT:
        return f"{said}, {_word(rate)}."
    more = "adds" if length.adds.mean > 0 else "costs"
    return (
        f"{said}. Length {more} {points(abs(length.adds.mean))} of it: at equal length it is {_share(length.at_equal_length)}, "
        f"{_word(length.at_equal_length)}."
    )


def _word(rate: Estimate) -> str:
    """What a win rate says, 50 % being a draw."""
    if rate.low > 0.5:
        return "so its answers are preferred"
    return "so the other's answers are preferred" if rate.high < 0.5 else "so neither is clearly preferred"


def _share(found: Estimate) -> str:
    return f"{percent(found.mean, 0)} ({percent(found.low, 0)} to {percent(found.high, 0)})"


def judge_warnings(found: Judging) -> list[str]:
    """What a reader must mind: biases that are clear, judges that disagree, verdicts that are missing, no labelled answers."""
    said = list(found.warnings)
    for result in found.pairs:
        for bias in result.by_judge:
            place = bias.position
            if (
                place is not None
                and not place.small
                and (place.low > 0 or place.high < 0)
                and abs(place.mean) >= _SHIFT
            ):
                said.append(
                    f"Judge {bias.judge} prefers the {'first' if place.mean > 0 else 'second'} answer by "
                    f"{points(abs(place.mean))} ({signed(place.low)} to {signed(place.high)}), whichever it is; every pair is "
                    f"shown in both orders, and {bias.inconsistent} of {bias.pairs} that change with it count as ties."
                )
        if result.length is not None and result.length.note:
            said.append(f"Pairs with {_NAMES.get(result.other, result.other)}: {result.length.note}.")
    total = found.scored + found.unscored
    if found.unscored > _UNREAD * total:
        why = max(found.unread, key=lambda reason: found.unread[reason], default="no answer")
        said.append(f"{found.unscored} of {total} answers have no verdict by a judge; most often: {why}.")
    if found.reliability is None:
        said.append(
            "What the judge's scores are worth is not measured: no labelled answers are given (evaluate.judge.gold), so pass "
            "rates are not corrected."
        )
    elif found.reliability.why_not:
        said.append(f"Pass rates by the judge are not corrected: {found.reliability.why_not}.")
    return said
