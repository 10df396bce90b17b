"""What a metric is called, which of them are shares of what, and which one carries a verdict.

A metric of two texts has two names: `chrf` holds an answer against the known one, `agreement_chrf` against the teacher's. That of one
field of several has the field behind a colon: `chrf:summary`.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from distill.values.likeness import TEXT_METRICS, TITLES

AGREEMENT = "agreement"
PRIMARY = (
    "tool_calls", "agreement_tool_calls", "json_fields", "agreement", "verify", "", "judge",
    *TEXT_METRICS, *(f"{AGREEMENT}_{name}" for name in TEXT_METRICS), "schema",
)  # fmt: skip
"""Which metric carries the verdict, the first first; the empty name stands for one of the task's own."""
BY_TEACHER = {"tool_calls": "agreement_tool_calls", "json_fields": "agreement"}
"""A metric against the known answers, and the same against the teacher's."""
RIGHT = ("tool_calls", "json_fields", "verify")
"""The metrics that say whether an answer is right, whatever the teacher says; the first that scores answers is meant."""
PROXY = (
    "Likeness is shared wording, not meaning or truth: a right answer in other words scores low, and a wrong one in the same words "
    "scores high. A judge, or people, should have the last word."
)
"""What must be said of every likeness of texts."""
_OF_EMBEDDING = "Such likeness is nearness of subject, not truth: a text and its contrary score high. A judge, or people, should have the last word."
_MEASURES = {
    ("json_fields", ""): "of the fields right",
    ("json_fields", "plain"): "of the answers right",
    ("agreement", ""): "of the teacher's fields",
    ("agreement", "plain"): "of the teacher's answers",
    ("json_fields", "text"): "of the answers right",
    ("agreement", "text"): "of the teacher's answers",
    ("schema", ""): "of the answers in the right format",
    ("verify", ""): "of the answers through the task's check",
    ("judge", ""): "of the judge's marks",
    ("tool_calls", ""): "of the rows with the right tool calls",
    ("agreement_tool_calls", ""): "of the rows with the teacher's tool calls",
}
_TITLES = {
    ("json_fields", ""): "fields right",
    ("json_fields", "plain"): "answers right",
    ("agreement", ""): "agrees with the teacher",
    ("schema", ""): "right format",
    ("verify", ""): "passes the task's check",
    ("judge", ""): "judges' marks",
    ("tool_calls", ""): "right tool calls",
    ("agreement_tool_calls", ""): "the teacher's tool calls",
}


def measure(metric: str, kind: str) -> str:
    """What a score is a share of, e.g. "of the fields right"."""
    found = _MEASURES.get((metric, kind)) or _MEASURES.get((metric, ""))
    if found:
        return found
    text, teacher, field = parts(metric)
    if text not in TITLES:
        return f"by `{metric}`"
    whose = "the teacher's" if teacher else "the known"
    what = f"`{field}`" if field else "text" if teacher else "answers"
    return f"likeness to {whose} {what} ({TITLES[text]})"


def title(metric: str, kind: str) -> str:
    """What a metric is called where there is little room, e.g. "fields right"."""
    found = _TITLES.get((metric, kind)) or _TITLES.get((metric, ""))
    if found:
        return found
    text, teacher, field = parts(metric)
    if text not in TITLES:
        return metric
    return f"{TITLES[text]} with {'the teacher' if teacher else 'the known answer'}{f', {field}' if field else ''}"


def parts(metric: str) -> tuple[str, bool, str]:
    """(name, whether it is held against the teacher's, field): "agreement_chrf:summary" → ("chrf", True, "summary")."""
    name, _, field = metric.partition(":")
    teacher = name.startswith(f"{AGREEMENT}_")
    return name.removeprefix(f"{AGREEMENT}_"), teacher, field


def of_text(metric: str) -> bool:
    """Whether a metric is a likeness of texts, which is never more than a proxy."""
    return parts(metric)[0] in TITLES


def likeness_to_teacher(metric: str) -> bool:
    """Whether the teacher is the measure itself, and scores 1: then no gap to it says who is better."""
    return of_text(metric) and parts(metric)[1]


def against_teacher(metric: str) -> bool:
    """Whether answers are held against the teacher's, by whatever kind of value: no answer can then be better than its."""
    return metric.startswith(AGREEMENT)


def right(metric: str, scored: Container[str]) -> str:
    """The metric that says how often a model is right: the one that carries the verdict, or beside it the first of `scored`; else none."""
    return metric if metric in RIGHT else next((name for name in RIGHT if name in scored), "")


def right_share(metric: str) -> str:
    """What the share by one of RIGHT is a share of, where a model has the answer and not its fields: "of the known answers right"."""
    return measure(metric, "") if metric in ("tool_calls", "verify") else "of the known answers right"


def caution(metric: str) -> str:
    """What must be said of a metric that is only a proxy; nothing of the others."""
    if not of_text(metric):
        return ""
    return _OF_EMBEDDING if parts(metric)[0] == "embedding" else PROXY


def deciding(scored: Iterable[str], decide_by: str | None = None) -> str:
    """The metric that carries the verdict, of those that scored the student: the one that the spec names, or the first of PRIMARY."""
    names = sorted(scored, key=_rank)
    if decide_by is not None and (not names or decide_by in names):
        return decide_by
    return names[0] if names else "json_fields"


def _rank(metric: str) -> tuple[int, bool, str]:
    name, _, field = metric.partition(":")
    return PRIMARY.index(name if name in PRIMARY else ""), bool(field), metric
