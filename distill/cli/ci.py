"""`--junit` and `--summary`: what a run's comparison says, as files for a CI system. The exit code stays the command's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from distill.pipeline.result import Run

Junit = Annotated[
    Path | None, typer.Option("--junit", metavar="FILE", help="write what evaluate.gate asks for as JUnit XML, for CI")
]
Summary = Annotated[
    Path | None,
    typer.Option("--summary", metavar="FILE", help="append verdict and gate as Markdown, say to $GITHUB_STEP_SUMMARY"),
]


@dataclass(frozen=True, slots=True)
class CiFiles:
    """Where the files go; None where one is not asked for."""

    junit: Path | None = None
    summary: Path | None = None


def write(files: CiFiles, done: Run) -> None:
    """Write the files that are asked for, whatever the gate says."""
    from distill.atomic_write import write_atomic
    from distill.evaluate.gate.junit import junit
    from distill.evaluate.gate.summary import append, summary

    if files.junit is not None:
        write_atomic(files.junit, junit(done.name, done.gate, compared=done.verdict is not None))
    if files.summary is not None:
        append(files.summary, summary(done.name, done.verdict, done.gate))


def gate_lines(done: Run) -> list[str]:
    """A line a demand of `evaluate.gate`; none where the spec has none."""
    return [f"  gate {one.name}: {one.state}: {one.sentence}" for one in done.gate if one.name != "require"]
