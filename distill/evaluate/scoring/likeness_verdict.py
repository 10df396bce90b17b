"""What a likeness of texts can say, and what it cannot: sentences for the verdict.

Against known answers it compares the student with the teacher like any other metric, as a proxy. Against the teacher's own text the
teacher scores 1 by definition, so how much the student "loses" says nothing: the outcome stays open, with the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from distill.evaluate.metrics.names import caution, likeness_to_teacher, parts
from distill.evaluate.scores import ALONE, Scores, of_rows, paired_gap
from distill.evaluate.verdict import ComparisonVerdict
from distill.stats import mean_interval
from distill.text.percentages import percent, signed
from distill.values.likeness import TITLES

_OTHERS = (
    ("base", "the untrained small model"),
    ("prompted_base", "the untrained small model with the teacher's prompt"),
)
_NEXT = (
    "What decides it: known answers (seeds.gold), a check of your own (verify.py, metrics.py), or a judge; both answers stand side by "
    "side in calls.parquet."
)


def by_likeness(scores: Scores, metric: str, clusters: Mapping[str, str] = ALONE) -> ComparisonVerdict | None:
    """The verdict where likeness to the teacher's text is all there is; None where it is not."""
    own = scores.get(("student", metric))
    if not likeness_to_teacher(metric) or not own:
        return None
    title, found = TITLES[parts(metric)[0]], mean_interval(list(own.values()), of_rows(clusters, own))
    span = f"{percent(found.low)} to {percent(found.high)}"
    sentences = [
        "Undecided: answers are free text without known ones, and likeness to the teacher's text cannot tell whether the student is as good.",
        f"On {found.n} held-out rows the student's text is {percent(found.mean)} like the teacher's by {title} (95 % interval {span}).",
        *_over_others(scores, metric, clusters),
        caution(metric),
        _NEXT,
    ]
    return ComparisonVerdict("undecided", sentences)


def _over_others(scores: Scores, metric: str, clusters: Mapping[str, str]) -> list[str]:
    """How much nearer to the teacher the student is than the models it was made from."""
    said = []
    for arm, name in _OTHERS:
        gap = paired_gap(scores, metric, arm, clusters)
        if gap is not None:
            word = (
                "nearer to it than"
                if gap.low > 0
                else "farther from it than"
                if gap.high < 0
                else "not clearly nearer to it than"
            )
            said.append(
                f"It is {word} {name}: {signed(gap.mean)} points ({signed(gap.low)} to {signed(gap.high)}), n = {gap.n}."
            )
    return said


def with_caution(found: ComparisonVerdict, metric: str) -> ComparisonVerdict:
    """A verdict with what must be said of a metric that is a proxy."""
    said = caution(metric)
    if not said:
        return found
    title = TITLES[parts(metric)[0]]
    return replace(
        found, sentences=[*found.sentences, f"All of this is by {title}, likeness to the known answers. {said}"]
    )
