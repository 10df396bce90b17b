"""Forgetting: the general set, asked of the base and of the student: what could the model do before, and not after?

Both are asked without the task's prompt, greedily. The number is in points of the set; where the base has next to nothing right there is
nothing to forget, and that is said.
"""

from __future__ import annotations

from collections.abc import Sequence

from distill.evaluate.probes.asked.general_set import general_set
from distill.evaluate.probes.result import ProbeExample, ProbeQuestion, ProbeResult, scaled
from distill.stats import paired_difference

PROBE = "forgetting"
_LEAST = 5
"""Right answers of the base from which there is something to forget."""
_LOST = ProbeQuestion(
    PROBE, "forgetting", "general questions that the base gets right, less those that the student does", "points", threshold=10.0
)  # fmt: skip
TOKENS = 24
"""Tokens of an answer; none needs more than a sentence."""

QUESTIONS = (_LOST,)
Said = Sequence[str | None]
"""The answers to the questions in their order; None where there is none."""


def forgetting(base: Said, student: Said) -> list[ProbeResult]:
    """Points that training lost on the general set."""
    asked = [row for row in zip(general_set(), base, student, strict=True) if row[1] is not None and row[2] is not None]
    if not asked:
        return [_LOST.unmeasured("base or student gave no answer to the general set")]
    before = [float(question.right(said or "")) for question, said, _ in asked]
    after = [float(question.right(said or "")) for question, _, said in asked]
    reason = f"of {len(asked)} general questions the base gets {sum(before):.0f} right and the student {sum(after):.0f}"
    if sum(before) < _LEAST:
        return [_LOST.unmeasured(f"{reason}: there is next to nothing to forget")]
    examples = [
        ProbeExample(question.id, question.ask, then or "", f"the base said: {(first or '')[:120]}")
        for (question, first, then), was, now in zip(asked, before, after, strict=True)
        if was > now
    ]
    return [_LOST.answered(scaled(paired_difference(before, after)), reason, examples)]
