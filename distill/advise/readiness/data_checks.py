"""Checks of the rows: what trains fits, the splits are apart, and the test set holds what hurts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from distill.advise.readiness.run_evidence import Found, RunEvidence

TESTS, VALID, SPECIAL = 100, 20, 5
"""Least rows to test with, to validate with, and of each kind that hurts."""
_ADVERSARIAL_LABEL = re.compile(r"(?i)inject|adversar|attack|abus|jailbreak|hostile|toxic")
_ADVERSARIAL_TEXT = re.compile(
    r"(?i)(ignore|disregard|forget)\b.{0,30}\b(instruction|prompt|rule|above|previous)|system prompt|you are now|jailbreak"
)
_STRESS_LABEL = re.compile(r"(?i)empty|format|stress|multiline|long|garbled|noise|typo")
_STRESS_TEXT = re.compile(r"[{}\[\]<>`\"\\\t\r\n]|[\x00-\x08\u200b-\u202e\U0001f300-\U0001faff]")
_SHORT, _LONG = 4, 2000
"""Characters of an input that is nearly empty, and of a very long one."""


def budget(seen: RunEvidence) -> Found:
    """Preflight counts every training row in the base's own tokens and drops those beyond its context."""
    if seen.classifier:
        return True, f"the student is the {seen.classifier} model, which has no context"
    line = seen.funnel.get("preflight")
    if line is None or not line.get("longest"):
        return None, "no preflight counted the training rows"
    longest, context = int(line["longest"]), seen.setting("student.train.context")
    beyond = int((line.get("dropped") or {}).get("over_context", 0))
    holds = beyond == 0 and (context is None or longest <= int(context))
    return holds, f"longest row {longest:,} tokens, {beyond} beyond the context"


def valid(seen: RunEvidence) -> Found:
    return _split(seen, "valid", VALID, ("train",))


def test(seen: RunEvidence) -> Found:
    return _split(seen, "test", TESTS, ("train", "valid"))


def _split(seen: RunEvidence, name: str, least: int, apart: Sequence[str]) -> Found:
    own = seen.splits.get(name)
    if own is None:
        return None, f"no {name}.jsonl"
    others = {one for split in apart for one in seen.splits.get(split, ())}
    shared = len(set(own) & others)
    return len(own) >= least and not shared, f"{len(own)} rows, {shared} of them also in {' or '.join(apart)}"


def adversarial(seen: RunEvidence) -> Found:
    return _special(seen, _ADVERSARIAL_LABEL, lambda text: bool(_ADVERSARIAL_TEXT.search(text)))


def stress(seen: RunEvidence) -> Found:
    def odd(text: str) -> bool:
        return len(text.strip()) < _SHORT or len(text) > _LONG or bool(_STRESS_TEXT.search(text))

    return _special(seen, _STRESS_LABEL, odd)


def _special(seen: RunEvidence, label: re.Pattern[str], odd: Callable[[str], bool]) -> Found:
    if seen.tests is None:
        return None, "no test row"
    by_label = sum(any(label.search(value) for value in row.labels) for row in seen.tests)
    both = sum(any(label.search(value) for value in row.labels) or odd(row.input) for row in seen.tests)
    return (
        both >= SPECIAL,
        f"{both} of {len(seen.tests)} test rows, {by_label} by a label and the others by their text",
    )


def leaks(seen: RunEvidence) -> Found:
    found = [seen.funnel[name] for name in ("leaks", "valid_leaks") if name in seen.funnel]
    looked = [int(line.get("in", 0)) for line in found]
    if len(found) < 2 or not all(looked):
        return None, "train and validation rows were not held against the test rows"
    dropped = sum(sum((line.get("dropped") or {}).values()) for line in found)
    return True, f"{looked[0]:,} rows held against the test rows, {dropped} dropped"
