"""The words of the diagnosis: a sentence and the numbers for each cause."""

from __future__ import annotations

from collections.abc import Sequence

from distill.evaluate.diagnosis.measured import DiagnosisInput
from distill.evaluate.diagnosis.result import DiagnosisExample, NextAction
from distill.evaluate.metrics.names import likeness_to_teacher
from distill.evaluate.probes.result import ProbeResult
from distill.stats import Estimate
from distill.text.percentages import percent, points, signed

_LONGEST = 200
_AFTER_PROBE = {
    "memorisation": NextAction("it copies: train for fewer epochs, or with more rows;", "run", options=["--set", "student.train.epochs=1"]),
    "style": NextAction("its answers have collapsed: a lower learning rate is the first thing to try;", "run", options=["--set", "student.train.learning_rate=0.0005"]),
    "drift": NextAction("add long and odd inputs to the seeds, and", "run"),
    "injection": NextAction("add rows with orders in their input, answered as the task says, and", "run"),
    "refusals": NextAction("read what the dataset dropped as refusals, and what it kept:", "show", "run", ["dropped"]),
    "out_of_distribution": NextAction("add seeds like the rows that are far from training, and", "run"),
}  # fmt: skip
_PROBED = {
    "memorisation": "The student gives back what it was trained on",
    "style": "The student's answers have lost the variety of the teacher's",
    "drift": "The form of the student's answers breaks on long or odd inputs",
    "injection": "The student obeys orders that stand in its input",
    "refusals": "The student refuses other rows than its teacher",
    "out_of_distribution": "The student falls on rows that are far from its training rows",
}


def unanswered(seen: DiagnosisInput) -> str:
    return f"{seen.unanswered} of {seen.rows} test rows lack an answer, so no other number here can be trusted."


def linear_better(seen: DiagnosisInput) -> str:  # noqa: ARG001 - each has the same signature
    return "A linear model of the same rows is better than the student, and answers in milliseconds."


def embedding_better(seen: DiagnosisInput) -> str:  # noqa: ARG001 - each has the same signature
    return "An embedding model of the same rows is better than the student, and answers in milliseconds."


def not_judged(seen: DiagnosisInput) -> str:
    if likeness_to_teacher(seen.metric):
        return "Nobody has judged the answers: they are free text, and likeness to the teacher's says nothing of how good they are."
    return "Nobody has judged the answers: no metric scored both the student's and the teacher's."


def too_few(seen: DiagnosisInput) -> str:
    gap = seen.to_teacher
    if gap is None:
        return "No test row has a score on both sides: there is nothing to compare."
    span = f"The difference to the teacher lies between {signed(gap.low)} and {signed(gap.high)} points"
    return f"The test rows are too few. {span} on {gap.n} rows, and a loss of {points(seen.margin)} is allowed."


def teacher_weak(seen: DiagnosisInput) -> str:
    right = seen.teacher_right
    return f"The teacher is too weak: it gets {percent(right.mean, 0) if right else '-'} of the known answers right, and the student learns from it."


def not_needed(seen: DiagnosisInput) -> str:
    better = seen.to_base is not None and seen.to_base.low <= 0
    return (
        f"Training is not needed: the base {'untrained' if better else 'with the prompt of the teacher'} does as well."
    )


def form_alone(seen: DiagnosisInput) -> str:
    form = percent(seen.schema.mean, 0) if seen.schema else "-"
    return f"The student knows the answers and breaks their form: {form} keep to the schema, and the others are as right as the teacher's."


def shifted(seen: DiagnosisInput) -> str:
    moved = seen.shift
    if moved is None or not moved.label:
        return "The test rows are of another kind than the rows that trained: their texts are far from all of them."
    return f"The test rows are of another mix than the seeds: for {moved.label} {percent(moved.moved, 0)} of the rows would have to change."


def confused(seen: DiagnosisInput) -> str:
    pair = seen.confused
    if pair is None:
        return ""
    return f"People and the teacher tell {pair.one!r} and {pair.other!r} of {pair.field} apart differently, and the student learns both."


def starving(seen: DiagnosisInput) -> str:
    one = seen.starving
    return f"{one.label} = {one.value} starves: {one.trained} rows of it trained, and it loses {points(-one.gap.mean)} to the teacher there." if one else ""  # fmt: skip


def overfits(seen: DiagnosisInput) -> str:  # noqa: ARG001 - each sentence takes the same input
    return "The student was trained too long: it knows its training rows far better than others."


def brief(seen: DiagnosisInput) -> str:  # noqa: ARG001 - each sentence takes the same input
    return "The student was trained too briefly: its loss was still falling at the end."


def too_small(seen: DiagnosisInput) -> str:
    if seen.linear:
        return "A linear model is too small for this task: it stays behind the teacher."
    return "The student is too small: it did not learn its own training rows, though the training came to its end."


def unexplained(seen: DiagnosisInput) -> str:  # noqa: ARG001 - each sentence takes the same input
    return "Nothing that was measured explains the gap to the teacher; more or better training rows are what is left."


def probe(failed: ProbeResult) -> str:
    return f"{_PROBED[failed.probe]}: {failed.reason}."


def after_probe(failed: ProbeResult) -> NextAction:
    return _AFTER_PROBE[failed.probe]


def probes(failed: Sequence[ProbeResult]) -> list[str]:
    return [f"{one.measure}: {one.value:.2f}, {one.bound} {one.threshold:g} (n = {one.n})" for one in failed]


def probe_rows(failed: ProbeResult) -> list[DiagnosisExample]:
    return [
        DiagnosisExample(one.row, one.asked[:_LONGEST], f"{one.said[:_LONGEST]} {one.note}".strip())
        for one in failed.examples
    ]


def rows(seen: DiagnosisInput) -> list[str]:
    return [f"{seen.rows - seen.unanswered} of {seen.rows} test rows answered on both sides"]


def gaps(seen: DiagnosisInput) -> list[str]:
    arms = (
        ("the teacher", seen.to_teacher), ("the linear model", seen.to_linear), ("the embedding model", seen.to_embedding),
        ("the base", seen.to_base),
    )  # fmt: skip
    return [f"student minus {name}: {_interval(gap)}" for name, gap in arms if gap is not None]


def teacher(seen: DiagnosisInput) -> list[str]:
    right = seen.teacher_right
    known = (
        [f"teacher {percent(right.mean)} right ({percent(right.low, 0)} to {percent(right.high, 0)}, n = {right.n})"]
        if right
        else []
    )
    return [*known, f"{percent(seen.taught, 0)} of {seen.trained:,} training rows are its answers"]


def form(seen: DiagnosisInput) -> list[str]:
    kept, broken = seen.schema, seen.broken
    said = (
        [f"{percent(kept.mean)} keep to the schema ({percent(kept.low, 0)} to {percent(kept.high, 0)}, n = {kept.n})"]
        if kept
        else []
    )
    return [*said, *([f"student minus the teacher where the form is broken: {_interval(broken)}"] if broken else [])]


def distance(seen: DiagnosisInput) -> list[str]:
    moved = seen.shift
    if moved is None:
        return []
    texts = (
        f"likeness to the nearest training row, in the median: test rows {moved.test_likeness:.2f} (n = {moved.tests}), training rows "
        f"among each other {moved.train_likeness:.2f}"
    )
    mix = f"the mix of {moved.label} differs in {percent(moved.moved, 0)} of the rows (n = {moved.tests})"
    return [texts, *([mix] if moved.label else [])]


def confusion(seen: DiagnosisInput) -> list[str]:
    pair = seen.confused
    if pair is None:
        return []
    return [
        f"the teacher confuses them in {pair.teacher} of {pair.rows} rows that are one of the two, of {pair.errors} errors in the field",
        f"the student confuses them in {pair.student} rows",
    ]


def confused_rows(seen: DiagnosisInput) -> list[DiagnosisExample]:
    found = seen.confused.examples if seen.confused else ()
    return [
        DiagnosisExample(row, asked[:_LONGEST], f"known: {known}; teacher: {said}") for row, asked, known, said in found
    ]


def stratum(seen: DiagnosisInput) -> list[str]:
    one = seen.starving
    if one is None:
        return []
    return [
        f"{one.trained} training rows with {one.label} = {one.value}; other values of it have {one.others:.0f} in the mean",
        f"student minus the teacher there: {_interval(one.gap)}",
    ]


def losses(seen: DiagnosisInput) -> list[str]:
    found = seen.losses
    said = [f"student minus the teacher: {_interval(seen.to_teacher)}"] if seen.to_teacher else []
    if found is None:
        return said
    held = f"; on validation rows {', '.join(f'{value:.2f}' for value in found.held[-4:])}" if found.held else ""
    return [
        *said,
        f"loss on training rows {found.first:.2f} at the start, {found.last:.2f} at the end, {found.steps} steps{held}",
    ]


def _interval(gap: Estimate) -> str:
    return f"{signed(gap.mean)} points ({signed(gap.low)} to {signed(gap.high)}, n = {gap.n})"
