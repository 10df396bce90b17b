"""What every verb takes and does: a spec and its overrides, and printing a result for people or for scripts."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

Spec = Annotated[Path, typer.Argument(help="task.yaml, or the folder that holds it", metavar="SPEC")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="override one setting, e.g. --set dataset.accept=100; repeatable", metavar="A.B=VALUE"),
]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object on stdout and nothing else there")]
Usd = Annotated[
    float | None,
    typer.Option("--max-usd", help="stop before more than this is spent; overrides budget.usd", min=0.0),
]


def opened(spec: Path, sets: list[str] | None, max_usd: float | None = None, *, as_json: bool = False) -> Any:
    """The checked project; `max_usd` overrides its budget. What was found out about its files goes to stderr, but where the
    result is JSON and holds it.
    """
    from distill.flow.opening import open_project

    overrides = [*(sets or []), *([f"budget.usd={max_usd}"] if max_usd is not None else [])]
    project = open_project(spec, overrides=overrides, env=os.environ)
    if project.notes and not as_json:
        from distill.cli.show import plain

        for said in project.notes:
            print(plain(f"note: {said}"), file=sys.stderr, flush=True)
    return project


def out(result: Any, as_json: bool, lines: list[str]) -> None:
    """One JSON object, or lines without what a terminal obeys."""
    if as_json:
        print(json.dumps(result, indent=2, ensure_ascii=True), flush=True)  # a script waits for it while a server runs
        return
    from distill.cli.show import plain

    for line in lines:
        print(plain(line), flush=True)
