"""The rules, in order: when each applies, what it says, the numbers behind it, and the one next step.

What would make every other number idle comes first: missing answers, a simpler model that is better, too few rows, a teacher that is wrong.
Then what is wrong with the student, cheapest cure first. `docs/diagnosis.md` lists them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from distill.evaluate.diagnosis import wording
from distill.evaluate.diagnosis.measured import DiagnosisInput
from distill.evaluate.diagnosis.result import CauseName, DiagnosisExample, NextAction
from distill.evaluate.metrics.names import likeness_to_teacher
from distill.evaluate.probes.result import ProbeResult
from distill.stats import Estimate

_MISSING, _WEAK, _FORM = 0.1, 0.5, 0.95
"""Share of the test rows without an answer; of the known answers right; of answers that keep to the form."""
_KNOWS = -0.05
"""Points that a student whose form alone is wrong may be behind on those rows."""
_FEW_BROKEN = 5
_TOLERATED = frozenset({"forgetting"})
"""Probes that name no next step: a student of one task may forget others; `evaluate.gate` is for where it may not."""


@dataclass(frozen=True, slots=True)
class DiagnosisRule:
    """One cause. `examples` are of rows that show it."""

    cause: CauseName
    applies: Callable[[DiagnosisInput], bool]
    sentence: Callable[[DiagnosisInput], str]
    evidence: Callable[[DiagnosisInput], list[str]]
    step: Callable[[DiagnosisInput], NextAction]
    examples: Callable[[DiagnosisInput], list[DiagnosisExample]] = lambda _: []


def failed_probes(seen: DiagnosisInput) -> Sequence[ProbeResult]:
    """Those that name a next step."""
    return [one for one in seen.probes if one.failed and one.probe not in _TOLERATED]


def _unanswered(seen: DiagnosisInput) -> bool:
    return seen.unanswered > _MISSING * seen.rows


def _linear_better(seen: DiagnosisInput) -> bool:
    return _wins(seen.to_linear, seen.to_embedding)


def _embedding_better(seen: DiagnosisInput) -> bool:
    return _wins(seen.to_embedding, seen.to_linear)


def _wins(gap: Estimate | None, other: Estimate | None) -> bool:
    """Whether an arm is clearly better than the student, and better than the other one that might be."""
    if gap is None or gap.small or gap.high >= 0:
        return False
    return other is None or gap.mean <= other.mean


def _not_judged(seen: DiagnosisInput) -> bool:
    """Both answered, and nothing says how good an answer is: by likeness to the teacher's text nobody can be found to keep up."""
    unscored = likeness_to_teacher(seen.metric) or seen.to_teacher is None
    return seen.word == "undecided" and unscored and seen.rows > 0


def _too_few(seen: DiagnosisInput) -> bool:
    if _not_judged(seen):
        return False
    gap = seen.to_teacher
    return gap is None or gap.small or (seen.word == "undecided" and not seen.behind)


def _teacher_weak(seen: DiagnosisInput) -> bool:
    right = seen.teacher_right
    return right is not None and not right.small and right.high < _WEAK and seen.taught > _WEAK


def _not_needed(seen: DiagnosisInput) -> bool:
    """The base does as well untrained, or with the teacher's prompt."""
    if seen.word != "do not distil" or seen.behind:
        return False
    return any(gap is not None and not gap.small and gap.low <= 0 for gap in (seen.to_base, seen.to_prompted))


def _form_alone(seen: DiagnosisInput) -> bool:
    form, broken = seen.schema, seen.broken
    return (
        form is not None and broken is not None and not form.small and form.mean < _FORM and broken.n >= _FEW_BROKEN
        and broken.mean >= _KNOWS
    )  # fmt: skip


def _shifted(seen: DiagnosisInput) -> bool:
    return seen.shift is not None and seen.word != "distil"


def _confused(seen: DiagnosisInput) -> bool:
    return seen.confused is not None


def _starving(seen: DiagnosisInput) -> bool:
    return seen.starving is not None


def _overfits(seen: DiagnosisInput) -> bool:
    return seen.behind and seen.losses is not None and seen.losses.overfits


def _brief(seen: DiagnosisInput) -> bool:
    return seen.behind and seen.losses is not None and seen.losses.still_falling


def _too_small(seen: DiagnosisInput) -> bool:
    return seen.behind and (seen.linear or (seen.losses is not None and seen.losses.unlearnt))


def _probed(seen: DiagnosisInput) -> bool:
    return bool(failed_probes(seen))


def _nothing(seen: DiagnosisInput) -> bool:
    return seen.word == "distil"


def _always(seen: DiagnosisInput) -> bool:  # noqa: ARG001 - the last rule asks nothing
    return True


def _rows_step(seen: DiagnosisInput) -> NextAction:
    """More test rows, asked for as the spec asks for them: a number, in the place of a share, or in a file of the task's own."""
    if seen.rows_needed is None or seen.rows_needed <= seen.rows:
        return NextAction(f"add test rows{f' to {seen.test_file}' if seen.test_file else ''}, and", "run")
    text, wanted = _rows_wanted(seen.rows_needed, seen.rows_at_most, seen.rows)
    if seen.test_file:
        return NextAction(f"{text}; add them to {seen.test_file}, and", "run")
    rows = math.ceil(wanted / 10) * 10
    if rows >= seen.seeds:
        text += f", and the task has {seen.seeds:,} rows in all: add rows to seeds.from, and then"
    else:
        text += "; with so many rows"
    by_share = ["--set", "seeds.test.share=null"] if seen.test_share else []
    return NextAction(text, "run", options=[*by_share, "--set", f"seeds.test.rows={rows}"])


def _rows_wanted(least: int, most: int | None, there: int) -> tuple[str, int]:
    """(how many test rows would decide it, how many to ask for): the most where that is known, else twice what there is."""
    if most is None:
        return f"at least {least:,} test rows are needed to decide it", max(least, 2 * there)
    between = f"{least:,} to {most:,}" if most > least else f"about {most:,}"
    return f"{between} test rows would most likely decide it", max(least, most)


def _judge_step(seen: DiagnosisInput) -> NextAction:
    if not likeness_to_teacher(seen.metric):
        return NextAction("put right what the verdict names, and", "run")
    text = "let a judge compare the answers: the teacher's own model, or a better one in evaluate.judge.models;"
    return NextAction(text, "run", options=["--set", "evaluate.judge={}"])


def _fewer_epochs(seen: DiagnosisInput) -> NextAction:
    best = seen.losses.best_epoch if seen.losses else 0
    epochs = best if 0 < best < seen.epochs else max(1, math.floor(seen.epochs / 2))
    return NextAction("stop the training where it was best:", "run", options=["--set", f"student.train.epochs={epochs}"])  # fmt: skip


def _more_epochs(seen: DiagnosisInput) -> NextAction:
    epochs = f"{2 * seen.epochs:g}"
    return NextAction("train twice as long:", "run", options=["--set", f"student.train.epochs={epochs}"])


def _larger(seen: DiagnosisInput) -> NextAction:
    if seen.linear:
        return NextAction("a language model of the same rows:", "run", options=["--set", "student.train.with=lora"])
    return NextAction(
        "a larger base, as docs/bases.md lists them:", "run", options=["--set", "student.train.base=BASE"]
    )


def _ship(seen: DiagnosisInput) -> NextAction:
    if seen.linear or seen.hosted or not seen.losses:
        return NextAction(
            "a better teacher later repeats only what changes:", "refresh", options=["--teacher", "MODEL"]
        )
    return NextAction("write the student as others can run it:", "ship", "run", ["--as", "gguf", "--out", "shipped"])


def _more_rows_step(seen: DiagnosisInput) -> NextAction:
    """The learning curve, where trainings cost no more than time."""
    if seen.hosted:
        return NextAction("read the worst answers in the report, add training rows like those, and", "run")
    return NextAction("see whether more training rows would help:", "curve", "run")


def _run(text: str, *options: str) -> Callable[[DiagnosisInput], NextAction]:
    return lambda _: NextAction(text, "run", options=list(options))


RULES: tuple[DiagnosisRule, ...] = (
    DiagnosisRule("unanswered", _unanswered, wording.unanswered, wording.rows, _run("ask again for what is missing:")),
    DiagnosisRule(
        "linear_is_better", _linear_better, wording.linear_better, wording.gaps,
        _run("make the linear model the student:", "--set", "student.train.with=linear"),
    ),
    DiagnosisRule(
        "embedding_is_better", _embedding_better, wording.embedding_better, wording.gaps,
        _run("make the embedding model the student:", "--set", "student.train.with=embedding"),
    ),
    DiagnosisRule("not_judged", _not_judged, wording.not_judged, wording.rows, _judge_step),
    DiagnosisRule("too_few_test_rows", _too_few, wording.too_few, wording.gaps, _rows_step),
    DiagnosisRule(
        "teacher_too_weak", _teacher_weak, wording.teacher_weak, wording.teacher,
        lambda _: NextAction("try other teachers on the known answers before any is paid for more:", "exam", options=["--teacher", "MODEL"]),
    ),
    DiagnosisRule(
        "training_not_needed", _not_needed, wording.not_needed, wording.gaps,
        lambda _: NextAction("ask the base beside the student, and take the base if you see no difference:", "chat", "run"),
    ),
    DiagnosisRule(
        "format_alone", _form_alone, wording.form_alone, wording.form,
        _run("force the schema where the student is served; or write the form into the student's prompt, and"),
    ),
    DiagnosisRule(
        "shift", _shifted, wording.shifted, wording.distance,
        _run("take test rows and training rows from the same source, or add seeds like the test rows, and"),
    ),
    DiagnosisRule(
        "confused_labels", _confused, wording.confused, wording.confusion,
        _run("say in the teacher's prompt, with an example of each, what sets the two apart, and"), wording.confused_rows,
    ),
    DiagnosisRule("starving_stratum", _starving, wording.starving, wording.stratum, _run("add seeds of this stratum, and")),
    DiagnosisRule("overfitting", _overfits, wording.overfits, wording.losses, _fewer_epochs),
    DiagnosisRule("trained_too_briefly", _brief, wording.brief, wording.losses, _more_epochs),
    DiagnosisRule("student_too_small", _too_small, wording.too_small, wording.losses, _larger),
    DiagnosisRule(
        "probe_failed", _probed, lambda seen: wording.probe(failed_probes(seen)[0]),
        lambda seen: wording.probes(failed_probes(seen)), lambda seen: wording.after_probe(failed_probes(seen)[0]),
        lambda seen: wording.probe_rows(failed_probes(seen)[0]),
    ),
    DiagnosisRule("nothing_to_do", _nothing, lambda _: "Nothing stands against the student.", wording.gaps, _ship),
    DiagnosisRule(
        "unexplained", _always, wording.unexplained, wording.gaps, _more_rows_step,
    ),
)  # fmt: skip
