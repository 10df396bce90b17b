"""From what was measured to the diagnosis: the first rule that applies, and the names of the others."""

from __future__ import annotations

from distill.evaluate.diagnosis.measured import DiagnosisInput
from distill.evaluate.diagnosis.result import Diagnosis
from distill.evaluate.diagnosis.rules import RULES

_JUDGED = frozenset({"distil", "do not distil", "undecided"})
_LAST = frozenset({"nothing_to_do", "unexplained"})
"""Said only where no other rule applies."""


def diagnose(seen: DiagnosisInput) -> Diagnosis | None:
    """None where no student was compared: there is nothing to explain."""
    if seen.word not in _JUDGED:
        return None
    every = [rule for rule in RULES if rule.applies(seen)]
    first = every[0]
    return Diagnosis(
        cause=first.cause, sentence=first.sentence(seen), evidence=first.evidence(seen), step=first.step(seen),
        examples=first.examples(seen), also=[rule.cause for rule in every[1:] if rule.cause not in _LAST],
    )  # fmt: skip
