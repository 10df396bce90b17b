"""One screen at the end of a whole run: what to think of it, the numbers behind that, where to look, what it cost, and what is next.

It fits 24 lines of 80 columns, whatever the run has to say; all of it stands in the report and in `--json`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from distill.cli.durations import duration
from distill.cli.live.next_step import NextStep
from distill.cli.plain import cut, plain, wrapped
from distill.curate.accounting.funnel import reasons
from distill.evaluate.figures import Figure, Figures
from distill.generate import served_models
from distill.money import shown
from distill.pipeline.result import Funnel, Run
from distill.text.percentages import percent, signed

LINES, COLUMNS = 24, 80
_NAME, _REASONS = 9, 3


def screen_lines(run: Run, step: NextStep | None, *, took_s: float | None = None, columns: int = COLUMNS) -> list[str]:
    """The screen of a run that came to its end, or to where nothing was left to go on with."""
    width = min(columns, COLUMNS)
    every = [_lines(run, step, took_s, width, most) for most in (3, 2, 1)]
    return next((lines for lines in every if len(lines) <= LINES), every[-1])


def _lines(run: Run, step: NextStep | None, took_s: float | None, width: int, most: int) -> list[str]:
    """The same with at most so many lines for each thing that is reported, and so many warnings."""
    said = [*_head(run, took_s, width, most), *figure_lines(run.figures)]
    said += [line for name, text in _facts(run) for line in _fact(name, text, width, most)]
    said += _warning_lines(run, width, most)
    return [*said, *([""] if most > 1 else []), *_next_lines(step, width, most)] if step else said


def _head(run: Run, took_s: float | None, width: int, most: int) -> list[str]:
    took = f" in {duration(took_s)}" if took_s is not None and run.done else ""
    unchanged = f", {len(run.skipped)} unchanged" if run.skipped else ""
    said = _clipped(wrapped(f"run {run.name}: {stages_text(len(run.done))} done{took}{unchanged}", width), most)
    if run.verdict and "report" in (*run.done, *run.skipped):
        said.append(f"verdict: {run.verdict.word}")
        said += _clipped(wrapped(f"  {run.verdict.sentences[0]}", width, hang=0), most)
        said += _clipped(wrapped(f"  {run.diagnosis.sentence}", width, hang=0), most) if run.diagnosis else []
    return said


def stages_text(count: int) -> str:
    """`1 stage`, `6 stages`."""
    return f"{count} stage{'s' if count != 1 else ''}"


def _clipped(lines: Sequence[str], most: int) -> list[str]:
    return [*lines] if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1][:-1]}…"]


def figure_lines(figures: Figures) -> list[str]:
    """A row a number, with its interval and rows."""
    if not figures.rows:
        return []
    return [f"  share {figures.measure}, with 95 % intervals:", *(_figure_line(row) for row in figures.rows)]


def _figure_line(row: Figure) -> str:
    if not row.other:
        name, value, span = row.arm, percent(row.mean), f"{percent(row.low)[:-2]} to {percent(row.high)}"
    else:
        name, value, span = (
            f"against {row.other}",
            f"{signed(row.mean)} points",
            f"{signed(row.low)} to {signed(row.high)}",
        )
    return f"  {name:16} {value:>13}  {span:14}  {row.n:,} rows"


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    """(name, text) of what is reported in a line or two each."""
    if run.funnel:
        yield "rows", rows_text(run.funnel)
    if run.shortfall:
        missing, worst = sum(row.missing for row in run.shortfall), run.shortfall[0]
        more = f", most in {worst.stratum} ({worst.got:,} of {worst.wanted:,}; {worst.cause} cost most)"
        yield "missing", f"{missing:,} rows in {len(run.shortfall)} strata{more}"
    if run.pending:
        yield "pending", f"{run.pending:,} rows still lack an answer or a verdict"
    yield "spent", _spent(run)
    if run.why_empty:
        yield "stopped", run.why_empty
    if run.report and "report" in (*run.done, *run.skipped):
        yield "report", _near(run.report)


def rows_text(funnel: Funnel) -> str:
    """The sum of the rows, with the commonest reasons."""
    total = funnel.total
    first = list(reasons(funnel.stages).items())[:_REASONS]
    why = f" ({', '.join(f'{reason} {count:,}' for reason, count in first)})" if first else ""
    approved = f" + {total.gold:,} approved" if total.gold else ""
    return f"{total.questions:,} asked{approved} = {total.kept:,} in the dataset + {total.dropped:,} dropped{why}"


def spent(run: Run) -> str:
    """What the run has cost over all commands, and how much of it is estimated."""
    free = run.usd == 0 and not run.unpriced_calls
    usd = "nothing" if free else f"{shown(run.usd, run.unpriced_calls)} in this run so far"
    return f"{usd}, ${run.usd_estimated:.4f} of it estimated" if run.usd_estimated else usd


def _spent(run: Run) -> str:
    stored = f", {run.from_the_store:,} answers from the store" if run.from_the_store else ""
    return f"{spent(run)}; {run.requests_sent:,} requests sent{stored}"


def _near(path: Path) -> str:
    """A path from the working folder, where it is below it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _fact(name: str, text: str, width: int, most: int) -> list[str]:
    if name == "report":  # a path is copied whole
        return [f"{name:{_NAME}}{plain(text)}"]
    lines = _clipped(wrapped(plain(text), width - _NAME, hang=0), most)
    return [f"{name if n == 0 else '':{_NAME}}{line}" for n, line in enumerate(lines)]


def _warning_lines(run: Run, width: int, most: int) -> list[str]:
    """Each warning in a line, and how many more there are."""
    losses = [
        f"{loss.stage} dropped {loss.dropped:,} of {loss.entered:,} rows{'' if loss.group == 'rows' else f' of {loss.name}'}"
        for loss in run.large_losses
    ]
    every = [*served_models.other_models(run.models), *losses, *run.warnings]
    told = every if len(every) <= most else every[: most - 1]
    said = [f"{'warning':{_NAME}}{cut(one, width - _NAME)}" for one in told]
    return (
        said
        if told is every
        else [*said, f"{'warning':{_NAME}}{len(every) - len(told)} more: see above and the report"]
    )


def _next_lines(step: NextStep, width: int, most: int) -> list[str]:
    return [
        *_clipped(wrapped(f"next: {step.text}", width), most),
        *step.command_lines(width),
    ]
