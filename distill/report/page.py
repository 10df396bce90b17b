"""The report of a run: `html` for people, one page that needs nothing else; `markdown` for a repository.

Both draw a `Report` and give text that is safe to write as UTF-8. What is in it may be hostile, so HTML is autoescaped and a
policy forbids the page to run or fetch; in Markdown each value's own marks are escaped. A name that the report does not have
is an error in the template, never an empty place on the page.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from distill.evaluate.comparison import ArmResult, Comparison, Difference
from distill.evaluate.metrics.names import likeness_to_teacher, title
from distill.evaluate.selective.sentences import sentences
from distill.records import Json
from distill.report import charts, spending
from distill.report.curation import CurationSection
from distill.report.format import count, heat, is_number, level, percent, plain, points, seconds, shown, signed, usd
from distill.report.report import Report
from distill.report.sections.differences import differing
from distill.text.markdown import escaped

if TYPE_CHECKING:
    from jinja2 import Environment


NAMES = {
    "teacher": "Teacher",
    "student": "Student",
    "previous": "Previous student",
    "prompted_base": "Small model with the teacher's prompt",
    "base": "Small model, untrained",
    "few_shot": "Small model with examples",
    "gold_student": "Student of the known answers alone",
    "linear": "Linear model of the same rows",
    "embedding": "Linear model over word vectors",
}
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Tile:
    """A number beside the verdict."""

    name: str
    value: str
    note: str
    warn: bool = False
    """Whether it speaks against the student."""


def html(report: Report) -> str:
    """One self-contained page."""
    return _rendered(_html_environment(), "page.html.j2", report)


def markdown(report: Report) -> str:
    """The same numbers as GitHub Markdown, without drawings."""
    return _rendered(_markdown_environment(), "page.md.j2", report)


def other(template: str, values: Mapping[str, object]) -> str:
    """Another self-contained page, of a template beside the report's, by the same rules."""
    return _UNPRINTABLE.sub("\ufffd", _html_environment().get_template(template).render(values, contents=[]))


def tiles(found: Comparison) -> list[Tile]:
    """The numbers that carry the verdict, five at the most; fewer where not measured."""
    student, teacher, metric = found.arms.get("student"), found.arms.get("teacher"), found.metric
    own, gap = student.metrics.get(metric) if student else None, difference(found, "teacher")
    drawn = []
    if own:
        theirs = teacher.metrics.get(metric) if teacher else None
        note = f"teacher {percent(theirs.mean)}; " if theirs else ""
        note += f"95 % interval {percent(own.low, 0)} to {percent(own.high, 0)}, {own.n} rows"
        drawn.append(Tile(f"Student: {measures(found).get(metric, metric)}", percent(own.mean), note))
    if gap:
        note = f"points; interval {signed(gap.low)} to {signed(gap.high)}, allowed {signed(-found.margin)}"
        drawn.append(Tile("Student against teacher", signed(gap.mean), note))
    return (
        drawn + _floor_tile(found) + _alone_tile(found) + (_cost_tile(student, teacher) if student and teacher else [])
    )


def measures(found: Comparison) -> dict[str, str]:
    """What each metric is called in this report."""
    names = {found.metric, *(name for arm in found.arms.values() for name in arm.metrics)}
    names |= {name for case in found.worst for name in case.reasons} | {"json_fields", "agreement", "schema"}
    return {name: _of_judges(name) or title(name, found.kind) for name in names}


def _of_judges(name: str) -> str:
    """judge:edge_cases → "judges' edge cases"; empty where it is no dimension of theirs."""
    dimension = name.partition("judge:")[2]
    return f"judges' {dimension.replace('_', ' ')}" if dimension else ""


def difference(found: Comparison, other: str) -> Difference | None:
    """The student's paired difference to `other` by the metric that carries the verdict."""
    return next((gap for gap in found.differences if (gap.metric, gap.b) == (found.metric, other)), None)


def _floor_tile(found: Comparison) -> list[Tile]:
    """The linear model beside a student that is a language model."""
    gap, arm = difference(found, "linear"), found.arms.get("linear")
    if gap is None or arm is None:
        return []
    note = f"student against it {signed(gap.mean)} points; interval {signed(gap.low)} to {signed(gap.high)}"
    return [Tile("Linear model", percent(arm.metrics[found.metric].mean), note, warn=gap.high < 0)]


def _alone_tile(found: Comparison) -> list[Tile]:
    """The share of the rows that the student answers itself, where a threshold is set."""
    alone = found.selective
    if alone is None or alone.coverage is None or alone.threshold is None or not alone.threshold.kept:
        return []
    covered = alone.coverage
    note = f"of the rows ({percent(covered.low, 0)} to {percent(covered.high, 0)}); at most {percent(alone.limit)} wrong is allowed"
    return [Tile("Answered by the student alone", percent(covered.mean), note)]


def _cost_tile(student: ArmResult, teacher: ArmResult) -> list[Tile]:
    dollars = (student.usd_per_1000 or 0.0, teacher.usd_per_1000 or 0.0)
    if min(dollars) > 0:
        return [Tile("Student's price", usd(dollars[0]), f"per 1,000 answers; teacher {usd(dollars[1])}")]
    if min(student.tokens, teacher.tokens) > 0:
        return [
            Tile("Student's tokens", count(student.tokens), f"an answer, in and out; teacher {count(teacher.tokens)}")
        ]
    return []


def _rendered(environment: Environment, template: str, report: Report) -> str:
    found = report.comparison
    judged = {name: arm.metrics[found.metric] for name, arm in found.arms.items() if found.metric in arm.metrics}
    page = environment.get_template(template).render(
        _named(found) | _named(report.curation) | _named(report),
        MEASURES=measures(found),
        scored=bool(judged),
        floor=judged["teacher"].mean - found.margin
        if "teacher" in judged and not likeness_to_teacher(found.metric)
        else None,
        tiles=tiles(found),
        headline=_headline(found.verdict.sentences),
        previous_gap=difference(found, "previous"),
        cascade_sentences=sentences(found.selective) if found.selective else [],
        spent=spending.total(report.spend),
        curves=_curves(report.loss),
        contents=[],
    )
    return _UNPRINTABLE.sub("\ufffd", page)


def _named(part: Comparison | CurationSection | Report) -> dict[str, object]:
    """The fields of a part by their names."""
    return {each.name: getattr(part, each.name) for each in fields(part)}


def _headline(sentences: Sequence[str]) -> str:
    """The first one without the verdict's word, which stands above it: "Distil: the student …" → "The student …"."""
    first = sentences[0] if sentences else ""
    text = first.partition(": ")[2] or first
    return text[:1].upper() + text[1:]


def _curves(loss: Sequence[Mapping[str, Json]]) -> dict[str, list[tuple[float, float]]]:
    return {
        name: [(row["step"], row[name]) for row in loss if is_number(row.get(name))]
        for name in ("train_loss", "valid_loss")
    }


@functools.cache  # the templates are compiled once a process
def _html_environment() -> Environment:
    environment = _environment(autoescape=True)
    drawings = (charts.whisker, charts.gap, charts.bar, charts.span, charts.histogram, charts.lines, charts.curve, charts.rates)
    environment.globals |= {draw.__name__: _marked(draw) for draw in drawings}
    return environment


def _marked(draw: Callable[..., str]) -> Callable[..., str]:
    """A drawing that autoescape lets pass."""
    from markupsafe import Markup

    return lambda *args, **settings: Markup(draw(*args, **settings))  # noqa: S704 - charts put only numbers into it


@functools.cache
def _markdown_environment() -> Environment:
    environment = _environment(autoescape=False)
    environment.finalize = escaped  # every value that is printed passes here: none can be forgotten
    return environment


def _environment(*, autoescape: bool) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=autoescape,  # noqa: S701 - off for Markdown only, which `finalize` escapes
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (percent, points, signed, count, plain, heat, level, usd, seconds, shown)
    environment.filters |= {each.__name__: each for each in filters}
    environment.globals |= {"NAMES": NAMES, "differing": differing}
    return environment
