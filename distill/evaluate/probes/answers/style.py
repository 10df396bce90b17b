"""Style collapse: are the student's answers as varied as the teacher's to the same rows?

Labels are compared by the share of the commonest answer alone. Lengths, openings and distinct word pairs are of answers that are
texts: where half of the teacher's have eight words or more. Distinct pairs (distinct-n, Li et al. 2016) are counted over equally many
words of both sides, for longer texts repeat more.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from distill.evaluate.probes.result import ProbeExample, ProbeQuestion, ProbeResult, scaled
from distill.evaluate.probes.rows import AnsweredRow, ProbeRows, answer_words, grams, together
from distill.stats import Estimate, paired_difference
from distill.stats.cluster_draws import Ints, cluster_of_rows, widened
from distill.text.normalise import normalise

PROBE = "style"
_OPENING, _TEXT = 4, 8
_DRAWS = 200
_MOST = 200
"""Rows whose word pairs are counted: in each draw all of them anew."""
_SAME = ProbeQuestion(
    PROBE, "same_answer", "share of the commonest answer, more than the teacher's commonest", "points", threshold=20.0
)
_OPENINGS = ProbeQuestion(
    PROBE, "openings", "share of the commonest opening of four words, more than the teacher's", "points", threshold=20.0
)
_LENGTHS = ProbeQuestion(
    PROBE, "lengths", "spread of the answers' lengths, of the teacher's", "ratio", threshold=0.5, bound="at least"
)
_DISTINCT = ProbeQuestion(
    PROBE, "distinct_pairs", "distinct pairs of words in equally long text, of the teacher's", "ratio", threshold=0.6, bound="at least"
)  # fmt: skip
Words = Sequence[Sequence[str]]


def style(rows: ProbeRows) -> list[ProbeResult]:
    """Four numbers of variety, on the rows that both answered."""
    both = [row for row in rows.answered if row.pair]
    if not both:
        return [_SAME.unmeasured("there is no row that student and teacher both answered")]
    student, teacher = (
        [answer_words(text) for text in side] for side in zip(*(row.pair or () for row in both), strict=True)
    )
    same = _commonest(
        _SAME, both, [normalise(row.student or "") for row in both], [normalise(row.teacher or "") for row in both]
    )
    if statistics.median(map(len, teacher)) < _TEXT:
        why = f"half of the teacher's answers have fewer than {_TEXT} words"
        return [same, *(one.unmeasured(why) for one in (_OPENINGS, _LENGTHS, _DISTINCT))]
    opening = _commonest(_OPENINGS, both, _openings(student), _openings(teacher))
    place = cluster_of_rows(len(both), together(both))
    return [same, opening, _spread(student, teacher, place), _variety(student, teacher, place)]


def _openings(answers: Words) -> list[tuple[str, ...]]:
    return [tuple(found[:_OPENING]) for found in answers]


def _commonest(
    question: ProbeQuestion, rows: Sequence[AnsweredRow], student: Sequence[Hashable], teacher: Sequence[Hashable]
) -> ProbeResult:
    (own, count), (theirs, their_count) = (Counter(side).most_common(1)[0] for side in (student, teacher))
    commonest = ([float(one == own) for one in student], [float(one == theirs) for one in teacher])
    found = paired_difference(*commonest, together(rows))
    reason = f"{count} of {len(rows)} are the same; of the teacher's, {their_count}"
    examples = [
        ProbeExample(row.seed_id, row.input, row.student or "")
        for row, one in zip(rows, student, strict=True)
        if one == own
    ]
    return question.answered(scaled(found), reason, examples)


def _spread(student: Words, teacher: Words, place: Ints) -> ProbeResult:
    lengths = [[float(len(found)) for found in side] for side in (student, teacher)]
    own, theirs = map(statistics.pstdev, lengths)
    if theirs < 1:
        return _LENGTHS.unmeasured("the teacher's answers are all of one length")
    found = _ratio(place, lambda at: _safe(_deviation(lengths[0], at), _deviation(lengths[1], at)))
    means = [statistics.fmean(side) for side in lengths]
    reason = f"{means[0]:.0f} ± {own:.0f} words, the teacher's {means[1]:.0f} ± {theirs:.0f}"
    return _LENGTHS.answered(found, reason)


def _deviation(lengths: Sequence[float], at: Sequence[int]) -> float:
    return statistics.pstdev([lengths[n] for n in at])


def _variety(student: Words, teacher: Words, place: Ints) -> ProbeResult:
    student, teacher, place = student[:_MOST], teacher[:_MOST], place[:_MOST]
    most = min(sum(map(len, student)), sum(map(len, teacher)))
    if most < _TEXT:
        return _DISTINCT.unmeasured("the student's answers hold hardly a word")
    own, theirs = (_distinct(side, range(len(side)), most) for side in (student, teacher))

    def drawn(at: Sequence[int]) -> float:
        size = min(sum(len(side[n]) for n in at) for side in (student, teacher))
        return _safe(_distinct(student, at, size), _distinct(teacher, at, size))

    reason = f"{own:.2f} of the word pairs are distinct, of the teacher's {theirs:.2f}, over {most:,} words"
    return _DISTINCT.answered(_ratio(place, drawn), reason)


def _distinct(answers: Words, at: Sequence[int], most: int) -> float:
    """Distinct pairs of words by all of the first `most` words."""
    pairs: list[tuple[str, ...]] = []
    left = most
    for n in at:
        pairs += grams(answers[n][:left], 2)
        left -= min(left, len(answers[n]))
    return len(set(pairs)) / len(pairs) if pairs else 0.0


def _safe(own: float, theirs: float) -> float:
    return own / theirs if theirs else 1.0


def _ratio(place: Ints, ratio: Callable[[Sequence[int]], float]) -> Estimate:
    """A ratio over rows, with the 2.5th and 97.5th percentile of draws with replacement, a whole cluster at a time; `place` is that of each
    row.
    """
    n, chance = len(place), np.random.default_rng(0)
    value, inside = ratio(range(n)), [np.flatnonzero(place == one) for one in np.unique(place)]
    drawn = [
        ratio(np.concatenate([inside[one] for one in chance.integers(0, len(inside), len(inside))]).tolist())
        for _ in range(_DRAWS)
    ]
    low, high = (float(end) for end in np.percentile(drawn, [2.5, 97.5]))
    return Estimate(value, *widened(value, min(low, value), max(high, value), place.tolist()), n)
