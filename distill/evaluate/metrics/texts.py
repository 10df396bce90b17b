"""Free text: how like an answer's text is to the known one or to the teacher's, the whole of it or one field.

Where answers are free text and nothing else, `chrf` is the mean over its fields, or of the one text. A free field beside others
that are compared as values has its own score, `chrf:summary`, and is mixed into no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from distill.evaluate.metrics.calls import calls_of
from distill.evaluate.metrics.names import AGREEMENT
from distill.records import Json, Score
from distill.text.normalise import strict_json
from distill.values import answer as answer_value
from distill.values.answer import Unreadable
from distill.values.likeness import TITLES, TextMetric, likeness
from distill.values.rules import Path


@dataclass(frozen=True, slots=True)
class FreeText:
    """Where free text stands in answers: the paths of fields, () for the whole answer; `alone` where there is nothing else."""

    paths: tuple[Path, ...] = ()
    alone: bool = False


def names(metrics: Sequence[TextMetric], free: FreeText, *, teacher: bool) -> list[str]:
    """What the scores of these texts are called."""
    before = f"{AGREEMENT}_" if teacher else ""
    if not free.paths:
        return []
    fields = [""] if free.alone else [f":{'.'.join(path)}" for path in free.paths if path]
    return [f"{before}{metric}{field}" for metric in metrics for field in fields]


def scores(
    metrics: Sequence[TextMetric], free: FreeText, wanted: Json, said: str, *, teacher: bool
) -> Iterator[tuple[str, Score]]:
    """(name, score) of each metric that finds text in `wanted`; an answer without it is a 0 with its reason."""
    paths = [path for path in free.paths if path or free.alone]
    texts = {path: text for path in paths if (text := text_at(wanted, path)) is not None}
    found, reason = _found(said, wanted)
    before = f"{AGREEMENT}_" if teacher else ""
    for metric in metrics:
        got = {path: _score(metric, text, found, path, reason) for path, text in texts.items()}
        if got and free.alone:
            value = sum(one.value for one in got.values()) / len(got)
            yield f"{before}{metric}", Score(value, "; ".join(one.reason for one in got.values() if one.reason))
        elif not free.alone:
            for path, one in got.items():
                yield f"{before}{metric}:{'.'.join(path)}", one


def text_at(value: Json, path: Path) -> str | None:
    """The text at a path; those in lists one below the other. None where there is none."""
    if isinstance(value, list):
        inside = [text for one in value if (text := text_at(one, path)) is not None]
        return "\n".join(inside) if inside else None
    if not path:
        return value if isinstance(value, str) else None
    return text_at(value.get(path[0]), path[1:]) if isinstance(value, dict) else None


def _found(said: str, wanted: Json) -> tuple[Json, str]:
    """(value, why there is none) of an answer where `wanted` is expected."""
    try:
        if calls_of(strict_json(said)) and not calls_of(wanted):
            return None, "calls a tool, where text is expected"
    except ValueError:
        pass
    try:
        form = answer_value.expected_of(None, wanted)
        return answer_value.read(said, "text" if form == "plain" else form), ""
    except Unreadable as fault:
        return None, str(fault)[:200]


def _score(metric: TextMetric, wanted: str, found: Json, path: Path, reason: str) -> Score:
    where = f"{'.'.join(path)}: " if path else ""
    text = None if reason else text_at(found, path)
    if text is None:
        return Score(0.0, f"{where}{reason or 'no text'}")
    value = likeness(metric, wanted, text)
    return Score(value, "" if value == 1 else f"{where}{value:.0%} alike ({TITLES[metric]})")
