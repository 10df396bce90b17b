"""What every verb takes and does: a spec and its overrides, and printing a result for people or for scripts."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distill.cli import completion, exit_codes
from distill.errors import UsageError

if TYPE_CHECKING:
    from distill.records import Json
    from distill.task.task import Task

Spec = Annotated[
    Path,
    typer.Argument(
        help="a task: its task.yaml, the folder that holds it, or its name",
        metavar="SPEC",
        autocompletion=completion.tasks,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="override one setting, e.g. --set dataset.accept=100; repeatable", metavar="A.B=VALUE"),
]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object on stdout, and nothing else")]
RunName = Annotated[
    str,
    typer.Argument(
        help="a run, e.g. task/001, its folder, `latest`, or a task (its newest run)", metavar="RUN",
        autocompletion=completion.runs,
    ),
]  # fmt: skip
HomeFolder = Annotated[Path, typer.Option(help="the project folder, which holds runs/ and .distill/")]
Usd = Annotated[float | None, typer.Option("--max-usd", help="the most dollars to spend; overrides budget.usd")]

Limit = Annotated[
    int | None,
    typer.Option(
        "--limit", min=1, help="only so many training rows, to look at some answers first; ends after curation"
    ),
]
LIMIT = {"dataset.preview": "--limit"}
"""The setting that `--limit` overrides, for messages about it."""


def limited(limit: int | None) -> list[str]:
    """`--limit` as an override."""
    return [] if limit is None else [f"dataset.preview={limit}"]


def opened(
    spec: Path,
    sets: list[str] | None,
    max_usd: float | None = None,
    *,
    as_json: bool = False,
    priced: bool = True,
    options: Mapping[str, str] | None = None,
) -> Task:
    """The checked task; `max_usd` overrides its budget. `options` are the names of options that are no `--set`. What was
    found out about its files goes to stderr, but where the result is JSON and holds it.
    """
    from distill.pipeline.arguments import place_of

    if max_usd is not None and not 0 < max_usd < math.inf:
        raise UsageError(
            f"--max-usd is {max_usd:g}: expected dollars above 0, say --max-usd 5; `distill plan --no-pilot` sends nothing"
        )
    overrides = [*(sets or []), *([f"budget.usd={max_usd}"] if max_usd is not None else [])]
    known = {**(options or {}), **({"budget.usd": "--max-usd"} if max_usd is not None else {})}
    place = place_of(spec)
    from distill.pipeline.open_task import open_task  # a name that is none needs none of its tables

    task = open_task(place.spec, overrides=overrides, env=os.environ, home=place.home, options=known, priced=priced)
    if task.notes and not as_json:
        from distill.cli.plain import plain

        for said in task.notes:
            print(plain(f"note: {said}"), file=sys.stderr, flush=True)
    return task


def out(result: Mapping[str, Json], as_json: bool, lines: list[str]) -> None:
    """One JSON object, or lines without what a terminal obeys, broken between words."""
    from distill.cli.plain import plain

    try:
        if as_json:  # flushed, since a script waits for it while a server runs
            print(json.dumps(result, indent=2, ensure_ascii=True), flush=True)
            return
        for line in _fitted([plain(line) for line in lines]):
            print(line, flush=True)
    except BrokenPipeError:  # `| head`: the work is done all the same, and its exit code is the command's
        exit_codes.deaf()


def _fitted(lines: list[str]) -> list[str]:
    """Lines as a terminal shows them without a word broken in two; for a file or a pipe they stay whole."""
    if not sys.stdout.isatty():
        return lines
    from distill.cli.plain import wrapped

    columns = shutil.get_terminal_size().columns
    return [short for line in lines for part in line.split("\n") for short in wrapped(part, columns)]
