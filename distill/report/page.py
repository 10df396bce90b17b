"""The report of a run: `html` for people, one page that needs nothing else; `markdown` for a repository.

Comes in: the report dict (tests/report/conftest.py holds a whole one; every key may be missing, and its
section is then left out). Goes out: text, safe to write as UTF-8. What is in it may be hostile, so HTML is
autoescaped and a policy forbids the page to run or fetch; in Markdown each value's own marks are escaped.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.report import charts
from distill.text import percentages

if TYPE_CHECKING:
    from jinja2 import Environment

Report = Mapping[str, Any]

NAMES = {
    "teacher": "Teacher",
    "student": "Student",
    "previous": "Previous student",
    "prompted_base": "Small model with the teacher's prompt",
    "base": "Small model, untrained",
}
MEASURES = {
    "json_fields": "fields right",
    "agreement": "agrees with the teacher",
    "schema": "right format",
}
_PLAIN = {"json_fields": "answers right"}
"""What a measure is called where answers are plain values."""
_KEYS: dict[str, Any] = {
    **dict.fromkeys(("title", "about", "metric", "kind"), ""),
    **{key: {} for key in ("run", "teacher", "student", "verdict", "arms", "strata", "by_label", "dataset")},
    **dict.fromkeys(("differences", "worst", "funnel", "edge_cases", "loss", "spend", "drops"), ()),
    **dict.fromkeys(("repeat", "warnings", "expect", "shortfalls", "scores", "forms"), ()),
    **{key: {} for key in ("total", "by_stratum", "tokens", "clusters")},
    "margin": 0.0,
    "rows": 0,
    "previous": None,
    "night": None,
}
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_MARKS = re.compile(r"([\\`*_{}\[\]<>|~#$!])")
_ENTITY = re.compile(r"&(?=[#\w])")
_LINK = re.compile(r"(?i)(://|www\.|@)")


def html(report: Report) -> str:
    """One self-contained page."""
    return _rendered(_html_environment(), "page.html.j2", report)


def markdown(report: Report) -> str:
    """The same numbers as GitHub Markdown, without drawings."""
    return _rendered(_markdown_environment(), "page.md.j2", report)


def tiles(report: Report) -> list[dict[str, str]]:
    """The three numbers that carry the verdict, each with a name and a note; fewer where not measured."""
    arms, metric = report["arms"], report["metric"]
    student = arms.get("student", {})
    own = student.get("metrics", {}).get(metric)
    gap = difference(report, "teacher")
    found = []
    if own:
        theirs = arms.get("teacher", {}).get("metrics", {}).get(metric)
        note = f"teacher {percent(theirs['mean'])}; " if theirs else ""
        note += f"95 % interval {percent(own['low'], 0)} to {percent(own['high'], 0)}, {own['n']} rows"
        found.append(
            {"name": f"Student: {measures(report).get(metric, metric)}", "value": percent(own["mean"]), "note": note}
        )
    if gap:
        note = f"points; interval {signed(gap['low'])} to {signed(gap['high'])}, "
        note += f"allowed {signed(-report['margin'])}"
        found.append({"name": "Student against teacher", "value": signed(gap["mean"]), "note": note})
    return found + _cost_tile(student, arms.get("teacher", {}))


def measures(report: Report) -> dict[str, str]:
    """What each metric is called in this report."""
    return MEASURES | (_PLAIN if report.get("kind") == "plain" else {})


def difference(report: Report, other: str) -> Mapping[str, Any] | None:
    """The student's paired difference to `other` by the metric that carries the verdict."""
    wanted = (report["metric"], other)
    return next((found for found in report["differences"] if (found["metric"], found["b"]) == wanted), None)


def _cost_tile(student: Report, teacher: Report) -> list[dict[str, str]]:
    dollars = (student.get("usd_per_1000") or 0.0, teacher.get("usd_per_1000") or 0.0)
    if min(dollars) > 0:
        note = f"per 1,000 answers; teacher {usd(dollars[1])}"
        return [{"name": "Student's price", "value": usd(dollars[0]), "note": note}]
    tokens = [(arm.get("prompt_tokens") or 0) + (arm.get("completion_tokens") or 0) for arm in (student, teacher)]
    if min(tokens) > 0:
        note = f"tokens an answer; teacher {count(tokens[1])}"
        return [{"name": "Student's effort", "value": count(tokens[0]), "note": note}]
    return []


def percent(share: Any, digits: int = 1) -> str:
    return percentages.percent(share, digits) if _number(share) else "\u2013"


def signed(share: Any) -> str:
    return percentages.signed(share) if _number(share) else "\u2013"


def count(value: Any) -> str:
    return f"{value:,.0f}" if _number(value) else "\u2013"


def plain(value: Any) -> str:
    """A number as short as it is: 60.0 → "60", 0.6 → "0.6", 41.42 → "41.4"."""
    return f"{value:,.0f}" if _number(value) and abs(value) >= 100 else f"{value:.3g}" if _number(value) else "\u2013"


def heat(part: Any, whole: Any) -> int:
    """How dark a cell is, 0 to 5: 0 for nothing, 5 from a half on."""
    return min(5, 1 + int(part / whole * 8)) if part and whole else 0


def losses(row: Report, columns: Sequence[Report]) -> str:
    """What a stratum lost by reason: "agreement 4, not_json 1"; without what was spare."""
    pairs = zip(columns, row.get("counts", ()), strict=False)
    return ", ".join(f"{column['reason']} {n:,}" for column, n in pairs if n and not column["spare"])


def usd(value: Any) -> str:
    """Dollars with as many digits as they need: 0 → "$0", 0.00042 → "$0.00042", 12.3 → "$12.30"."""
    if value is None:
        return "unknown"
    if not _number(value):
        return "\u2013"
    if value == 0:
        return "$0"
    return f"${value:,.2f}" if abs(value) >= 1 else f"${value:.2g}" if abs(value) >= 0.0001 else f"${value:.1e}"


def seconds(value: Any) -> str:
    if not _number(value):
        return "\u2013"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def shown(value: Any) -> str:
    """A text as it is, anything else as indented JSON; a text that is a JSON object is indented too."""
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            return value
        if not isinstance(parsed, dict):
            return value
        value = parsed
    return json.dumps(value, indent=2, ensure_ascii=False)


def escaped(value: Any, most: int = 400) -> str:
    """One line of Markdown that shows `value` and can be nothing else: no markup, link or table edge."""
    text = " ".join(str(value).split())
    text = text if len(text) <= most else text[: most - 1] + "\u2026"
    text = _MARKS.sub(r"\\\1", _ENTITY.sub("&amp;", text))
    return _LINK.sub(lambda found: "".join(f"&#{ord(letter)};" for letter in found[0]), text)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == value  # noqa: PLR0124 - NaN


def _rendered(environment: Environment, template: str, report: Report) -> str:
    whole = {**_KEYS, **{key: value for key, value in report.items() if value is not None}}
    page = environment.get_template(template).render(
        whole,
        MEASURES=measures(whole),
        scored=any(found["metrics"].get(whole["metric"]) for found in whole["arms"].values()),
        tiles=tiles(whole),
        headline=_headline(whole["verdict"].get("sentences", [""])[0]),
        previous_gap=difference(whole, "previous"),
        spent=_spent(whole["spend"]),
        curves=_curves(whole["loss"]),
    )
    return _UNPRINTABLE.sub("\ufffd", page)


def _headline(sentence: str) -> str:
    """Without the verdict's word, which stands above it: "Distil: the student …" → "The student …"."""
    said = sentence.partition(": ")[2] or sentence
    return said[:1].upper() + said[1:]


def _spent(spend: Sequence[Report]) -> dict[str, float | None]:
    """The sums of the ledger; dollars are unknown where all of them are."""
    keys = ("calls", "replayed", "prompt_tokens", "completion_tokens", "usd", "usd_estimated", "unpriced")
    sums: dict[str, float | None] = {key: sum(row.get(key) or 0 for row in spend) for key in keys}
    return sums | {key: sums[key] or None for key in ("usd", "usd_estimated")} if sums["unpriced"] else sums


def _curves(loss: Sequence[Report]) -> dict[str, list[tuple[float, float]]]:
    return {
        name: [(row["step"], row[name]) for row in loss if _number(row.get(name))]
        for name in ("train_loss", "valid_loss")
    }


@functools.cache  # the templates are compiled once a process
def _html_environment() -> Environment:
    from markupsafe import Markup

    environment = _environment(autoescape=True)
    drawings = (charts.whisker, charts.gap, charts.bar, charts.span, charts.histogram, charts.lines)
    environment.globals |= {draw.__name__: _marked(draw, Markup) for draw in drawings}
    return environment


def _marked(draw: Any, markup: Any) -> Any:
    return lambda *args, **settings: markup(draw(*args, **settings))


@functools.cache
def _markdown_environment() -> Environment:
    environment = _environment(autoescape=False)
    environment.finalize = escaped  # every value that is printed passes here: none can be forgotten
    return environment


def _environment(*, autoescape: bool) -> Environment:
    from jinja2 import ChainableUndefined, Environment, FileSystemLoader

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=autoescape,  # noqa: S701 - off for Markdown only, which `finalize` escapes
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (percent, signed, count, plain, heat, usd, seconds, shown)
    environment.filters |= {each.__name__: each for each in filters}
    environment.globals |= {"NAMES": NAMES, "losses": losses}
    return environment
