"""A preflight for people: what stops, what warns, and what training would take."""

from __future__ import annotations

from collections.abc import Iterator

from distill.cli.durations import between
from distill.cli.plain import cut
from distill.cli.text.gpus import gpu_lines
from distill.money import shown
from distill.student.preflight.check import PreflightReport
from distill.student.preflight.cost import Here, There
from distill.student.preflight.findings import GRADES, Finding

_WIDTH = 140


def preflight_lines(report: PreflightReport) -> list[str]:
    """A line of what was read, the findings, what it takes, and the recommendation."""
    return [
        _head(report),
        *(line for one in report.findings for line in _finding(one)),
        *_outlook(report),
        _verdict(report),
    ]


def _head(report: PreflightReport) -> str:
    beside = [
        f"{count:,} {name}"
        for name, count in (("validation", report.valid_rows), ("test", report.test_rows))
        if count is not None
    ]
    for_what = " at ".join(part for part in (report.base, report.host) if part)
    return f"{report.file}: {report.rows:,} rows{', ' if beside else ''}{', '.join(beside)}{f', for {for_what}' if for_what else ''}"


def _finding(one: Finding) -> Iterator[str]:
    where = one.count > 1 or bool(one.examples[0].line)
    rows = f" in {one.count:,} row{'s' if one.count != 1 else ''}" if where else ""
    yield f"{one.grade}: {one.name}{rows} of {one.file}: {one.message}"
    for example in one.examples:
        place = f"line {example.line}" if example.line else ""
        if place or example.said:
            yield cut(f"{place}{': ' if place and example.said else ''}{example.said}", _WIDTH).join(("    ", ""))
    if one.count > len(one.examples):
        yield f"    and {one.count - len(one.examples):,} more"


def _outlook(report: PreflightReport) -> Iterator[str]:
    tokens, about_ = report.tokens, "" if report.tokens.exact else "about "
    if report.rows:
        most = f", of {tokens.context:,} that train" if tokens.context is not None else ""
        yield (
            f"tokens: {about_}{tokens.total:,}{_answers(report)}, of them {tokens.learnt:,} learnt; a row {tokens.median:,.0f} (median), "
            f"the longest {tokens.longest:,} (line {tokens.longest_line}){most}; {'counted' if tokens.exact else 'estimated'} by {tokens.by}"
        )
    if (replay := report.replay) is not None:
        yield f"replay: {replay.drawn:,} of {replay.rows:,} general rows of {replay.file} train along"
    if report.here is not None:
        yield _here(report.here)
    if report.on_gpus is not None:
        yield from gpu_lines(report.on_gpus)
    if report.there is not None:
        yield _there(report.there)
    if report.rows:
        advice = report.advice
        rate = f", learning rate {advice.learning_rate:g}" if advice.learning_rate is not None else ""
        rank = f", rank {advice.rank}" if advice.rank is not None else ""
        yield f"to begin with: {advice.epochs:g} epoch{'s' if advice.epochs != 1 else ''}{rate}{rank}: {advice.why}"


def _answers(report: PreflightReport) -> str:
    """How many answers train, where rows have several."""
    answers = report.tokens.answers
    return f" for {answers:,} answers, each with the turns before it" if answers > report.rows else ""


def _here(here: Here) -> str:
    took = between(here.seconds_low, here.seconds_high)
    free = "" if here.free_bytes is None else f" of {here.free_bytes / 2**30:.1f} GiB free"
    return (
        f"here: an estimate of {took} for {here.tokens:,} tokens and {here.memory_bytes / 2**30:.1f} GiB{free}, "
        f"{here.params / 1e6:,.0f} million parameters; assumes {here.assumes}"
    )


def _there(there: There) -> str:
    bills = f"; it bills {there.bills}" if there.bills else ""
    price = "" if there.usd_per_million is None else f" × ${there.usd_per_million:g} a million"
    return f"{there.host}: {there.tokens:,} tokens in {there.epochs:g} epochs{price}: {shown(there.usd)}, {there.says}{bills}"


def _verdict(report: PreflightReport) -> str:
    counts = {grade: sum(one.grade == grade for one in report.findings) for grade in GRADES}
    if counts["stop"]:
        return f"it would not train as it is: {counts['stop']} kind{'s' if counts['stop'] != 1 else ''} of fault stop{'s' if counts['stop'] == 1 else ''} it"
    if not counts["warning"]:
        return (
            "nothing is wrong with it"
            if not counts["note"]
            else "nothing that is noted stands in the way of a training"
        )
    return "it can train; look at the warnings first"
