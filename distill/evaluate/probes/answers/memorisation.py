"""Memorising: does the student give back what it was trained on, and does it know its training rows far better than others?

A test answer is a copy where 12 words in a row, or three in ten of its runs of 6 words, stand in one training row and not in its own
input. Text that many training rows have is wording, and no copy. The teacher's answers to the same rows are held against the same
training rows: what they share with them, the task brings. An answer that is given to several rows counts once: that is for the
probe of style.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from distill.evaluate.probes.result import ProbeExample, ProbeQuestion, ProbeResult, scaled
from distill.evaluate.probes.rows import AnsweredRow, ProbeRows, answer_words, grams, together, words
from distill.records import Json
from distill.stats import paired_difference

PROBE = "memorisation"
_GRAM, _RUN, _SHARE = 6, 12, 0.3
_WORDING = 0.02
"""Share of the training rows from which a run of words is wording (and 4 rows at least)."""
_COPIES = ProbeQuestion(
    PROBE, "memorisation", "answers that copy a training row, more than the teacher's do", "points", threshold=5.0
)
_GAP = ProbeQuestion(
    PROBE, "loss_gap", "loss on validation rows less that on training rows, at the end of training", "nats", threshold=0.5
)  # fmt: skip

Gram = tuple[str, ...]


def memorisation(rows: ProbeRows) -> list[ProbeResult]:
    """Copies of training text, and the gap between the losses."""
    return [_copies(rows), _loss_gap(rows.losses)]


def _copies(rows: ProbeRows) -> ProbeResult:
    both = [row for row in rows.answered if row.pair and len(answer_words(row.student or "")) >= _RUN]
    if not rows.train:
        return _COPIES.unmeasured("the run has no training rows to hold answers against")
    if not both:
        return _COPIES.unmeasured(f"answers are shorter than {_RUN} words: a copy and a right answer look the same")
    student, teacher = ([answer_words(text or "") for text in side] for side in zip(*_said(both), strict=True))
    index = _index(rows.train, {gram for found in (*student, *teacher) for gram in grams(found, _GRAM)})
    own = [_source(found, row, index) for found, row in zip(student, both, strict=True)]
    theirs = [_source(found, row, index) for found, row in zip(teacher, both, strict=True)]
    own = _first_of_each(own, student)
    copied = [float(source is not None) for source in own]
    found = paired_difference(copied, [float(source is not None) for source in theirs], together(both))
    examples = [
        ProbeExample(row.seed_id, row.input, row.student or "", f"training row: {_shown(rows.train[source])}")
        for row, source in zip(both, own, strict=True)
        if source is not None
    ]
    reason = f"{sum(map(bool, copied))} of {len(both)} answers of {_RUN} words or more copy a training row; of the teacher's, {len(theirs) - theirs.count(None)}"
    return _COPIES.answered(scaled(found), reason, examples)


def _said(rows: Sequence[AnsweredRow]) -> list[tuple[str | None, str | None]]:
    return [(row.student, row.teacher) for row in rows]


def _shown(row: tuple[str, str]) -> str:
    return f"{row[0][:120]} → {row[1][:200]}"


def _index(train: Sequence[tuple[str, str]], wanted: set[Gram]) -> Mapping[Gram, list[int]]:
    """Run of words → the training rows that have it; without runs that are the wording of many."""
    places: dict[Gram, list[int]] = defaultdict(list)
    for n, (asked, answer) in enumerate(train):
        for gram in {gram for found in (words(asked), answer_words(answer)) for gram in grams(found, _GRAM)} & wanted:
            places[gram].append(n)
    most = max(4, int(_WORDING * len(train)))
    return {gram: found for gram, found in places.items() if len(found) <= most}


def _source(found: Sequence[str], row: AnsweredRow, index: Mapping[Gram, list[int]]) -> int | None:
    """The training row that an answer copies; None where it copies none."""
    own = set(grams(words(row.input), _GRAM))
    runs, total, longest = defaultdict[int, int](int), defaultdict[int, int](int), defaultdict[int, int](int)
    every = list(grams(found, _GRAM))
    for gram in every:
        here = set(index.get(gram, ())) if gram not in own else set()
        runs = defaultdict(int, {n: runs[n] + 1 for n in here})
        for n in here:
            total[n] += 1
            longest[n] = max(longest[n], runs[n])
    copied = [n for n in total if longest[n] > _RUN - _GRAM or total[n] >= _SHARE * len(every)]
    return max(copied, key=lambda n: (total[n], -n)) if copied else None


def _first_of_each(sources: Sequence[int | None], answers: Sequence[Sequence[str]]) -> list[int | None]:
    seen = set[Gram]()
    kept: list[int | None] = []
    for source, answer in zip(sources, answers, strict=True):
        kept.append(None if tuple(answer) in seen else source)
        seen.add(tuple(answer))
    return kept


def _loss_gap(losses: Sequence[Mapping[str, Json]]) -> ProbeResult:
    held = [float(row["valid_loss"]) for row in losses if row.get("valid_loss") is not None]
    train = [float(row["train_loss"]) for row in losses if row.get("train_loss") is not None]
    if not held or not train:
        return _GAP.unmeasured("the run has no losses of training and validation rows")
    last = train[-max(1, len(train) // 4) :]
    trained = sum(last) / len(last)
    reason = (
        f"{held[-1]:.2f} on validation rows and {trained:.2f} on training rows, the mean of the last {len(last)} steps"
    )
    return _GAP.measured_once(held[-1] - trained, len(last), reason)
