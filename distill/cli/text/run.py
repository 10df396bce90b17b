"""What a person reads at the end of a command that worked in a run, or that tried other settings on it."""

from __future__ import annotations

from collections.abc import Sequence

from distill.cli.live.next_step import NextStep
from distill.cli.live.screen import COLUMNS, rows_text, spent, stages_text
from distill.cli.plain import cut, wrapped
from distill.curate.accounting import conservation, shortfall
from distill.evaluate.diagnosis.result import Diagnosis
from distill.pipeline.result import Run
from distill.views.what_if import WhatIf

_SHOWN = 5
"""Seeds that are named."""


def run_lines(run: Run) -> list[str]:
    """The sum of the command, the funnel, what is missing, the verdict, and where the report is."""
    said = [
        f"run {run.name}: {stages_text(len(run.done))} done, {len(run.skipped)} unchanged; "
        f"{run.requests_sent:,} requests sent; spent: {spent(run)}"
    ]
    if run.pending:
        said.append(f"{run.pending} rows are still pending")
    said += run.warnings
    if run.funnel:
        said += conservation.funnel_text(run.funnel.stages, run.funnel.total)
    said += shortfall.shortfall_text(run.shortfall)
    if run.verdict and "report" in (*run.done, *run.skipped):
        said += [f"verdict: {run.verdict.word}", *(f"  {sentence}" for sentence in run.verdict.sentences)]
    if run.diagnosis:
        said += diagnosis_lines(run.diagnosis, run.name)
    if run.report:
        said.append(f"report: {run.report}")
    return [*said, *([run.why_empty] if run.why_empty else [])]


def diagnosis_lines(found: Diagnosis, run: str) -> list[str]:
    """The cause, the numbers behind it, and the one next step; the task's file stands for itself."""
    also = f"; also: {', '.join(name.replace('_', ' ') for name in found.also)}" if found.also else ""
    return [
        f"cause: {found.sentence}",
        *(f"  {line}" for line in found.evidence),
        f"next: {found.step.text} {found.step.command('TASK', run)}{also}",
    ]


def preview_lines(run: Run, columns: int, again: Sequence[str]) -> list[str]:
    """Some answers, what came of the rows that were asked, and how to go on: with the command whose words are `again`."""
    width = min(columns, COLUMNS)
    said = [f"run {run.name}, a preview; {run.requests_sent:,} requests sent, spent {spent(run)}"]
    if not run.preview:
        said.append("no teacher is asked in this task: every training row has its known answer")
    for row in run.preview:
        fate = f" · {row.fate}" if row.fate else ""
        said += [
            cut(f"{row.seed} · {row.stratum}{fate}", width),
            f"  asked   {cut(row.input, 2 * width)}",
            f"  answer  {cut(row.answer or '-', 2 * width)}",
        ]
    lines = [short for line in said for short in wrapped(line, width, hang=8)]
    if run.funnel:
        lines += wrapped(rows_text(run.funnel), width)
    if run.why_empty:
        lines += wrapped(run.why_empty, width)
    step = NextStep("without --limit all rows are asked; for these nothing is paid again:", tuple(again))
    return [*lines, *wrapped(f"next: {step.text}", width), *step.command_lines(width)]


def what_if_lines(result: WhatIf) -> list[str]:
    """Rows now and then, and only the strata, reasons and seeds that change."""
    now, then = result.kept
    said = [
        f"run {result.run} with {', '.join(result.changes)}: {now} rows now, {then} then; nothing was sent or written"
    ]
    for title, rows in (("stratum", result.strata), ("dropped", result.reasons)):
        said += [f"  {title:8} {row.name:40} {row.now:>7,} → {row.then:,}" for row in rows if row.now != row.then]
    for word, seeds in (("leave", result.leave), ("come", result.come)):
        if seeds:
            more = f" and {len(seeds) - _SHOWN} more" if len(seeds) > _SHOWN else ""
            said.append(f"  {len(seeds)} {word}: {', '.join(seeds[:_SHOWN])}{more}")
    return said
