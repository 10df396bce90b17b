"""The sentences of a verdict that hold whatever its word is; an empty one where there is nothing to say."""

from __future__ import annotations

from distill.evaluate.evidence import linear_floor
from distill.evaluate.evidence.seen import Evidence
from distill.evaluate.metrics import measure
from distill.text.percentages import percent, points, signed


def numbers(seen: Evidence) -> str:
    if not (seen.student and seen.teacher):
        return ""
    gap = seen.gap
    return (
        f"On {gap.n} held-out rows, the student gets {percent(seen.student.mean)} {measure(seen.metric, seen.kind)}"
        f" and the teacher {percent(seen.teacher.mean)}: {signed(gap.mean)} points, and most likely"
        f" between {signed(gap.low)} and {signed(gap.high)}; a loss of {points(seen.margin)} is allowed."
    )


def training(seen: Evidence) -> str:
    if seen.to_base is None:
        return ""
    gain = seen.to_base
    if gain.low > 0:
        return f"Training is worth {signed(gain.mean)} points over the same small model, untrained."
    return (
        f"Against the same small model untrained, training is worth {signed(gain.mean)} points"
        f" ({signed(gain.low)} to {signed(gain.high)}), so no gain is shown."
    )


def prompting(seen: Evidence) -> str:
    if seen.to_prompted is None:
        return ""
    untrained = "the untrained small model, which is the teacher here, is"
    untrained = untrained if seen.teacher_is_base else "the untrained small model is"
    gain, arm = seen.to_prompted, f"With the teacher's long prompt, {untrained}"
    share = percent(seen.tokens_student / seen.tokens_prompted, 0) if seen.tokens_prompted else ""
    cost = f" The student answers for {share} of its tokens." if seen.cheaper else ""
    if gain.low > 0:
        return f"{arm} {points(gain.mean)} worse than the student.{cost}"
    if gain.high < 0:
        return f"{arm} {points(-gain.mean)} better than the student.{cost}"
    return f"{arm} not clearly worse than the student.{cost}"


def linear_too(seen: Evidence, than: str) -> str:
    """What a reader of the headline alone must know."""
    if seen.to_linear is None or not seen.matched or than != "better than":
        return ""
    return "; a linear model does it better still" if seen.to_linear.high < 0 else "; so may a linear model"


def floor(seen: Evidence) -> str:
    return "" if seen.to_linear is None or seen.to_linear.small else linear_floor.sentence(seen.to_linear)


def agreeing(seen: Evidence) -> str:
    """The measure that the verdict is not of: agreement beside correctness, or the few known answers beside agreement."""
    if seen.known is not None:
        (student, teacher), few = seen.known, ", too few to tell" if seen.known[0].small else ""
        shares = f"the student gets {percent(student.mean, 0)} right and the teacher {percent(teacher.mean, 0)}"
        return f"{student.n} of the test rows have a known answer: on those {shares}{few}. The verdict is by agreement."
    if seen.agreement is None or not seen.beyond:
        return ""
    return f"By agreement, another measure: the student has {percent(seen.agreement.mean)} of the teacher's answers, on {seen.agreement.n} rows."


def left_out(seen: Evidence) -> str:
    missing, beyond = seen.missing, seen.beyond
    unscored = (
        f"Left out: {missing} of {seen.rows} test rows without an answer or score on both sides." if missing else ""
    )
    unknown = (
        f"{beyond} of {seen.rows + beyond} test rows have no known answer, and are none of these." if beyond else ""
    )
    return f"{unscored} {unknown}".strip()
