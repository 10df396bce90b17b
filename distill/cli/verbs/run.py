"""`distill run`, each of its stages alone, and `refresh`: all that works in a run's folder."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from distill.cli.options import Json, Set, Spec, Usd, opened, out

ALL = ("generate", "curate", "export", "train", "evaluate", "report")

Partial = Annotated[
    bool, typer.Option("--partial", help="go on without rows that could not be answered; exit 3 at the end")
]
New = Annotated[bool, typer.Option("--new", help="open the next numbered run instead of going on with the latest")]
Wait = Annotated[bool, typer.Option("--wait", help="stay until the batches at the host have ended, and go on")]


def _run(
    spec: Path, sets: list[str] | None, as_json: bool, max_usd: float | None, *, partial: bool, stages: tuple[str, ...],
    new: bool = False, fresh: bool = False, wait: bool = False, options: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    from distill.cli.panel import Panel
    from distill.pipeline import run as running

    project = opened(spec, sets, max_usd, as_json=as_json, options=options)
    with Panel(quiet=as_json) as panel:
        result = running.start(project, stages=stages, watch=panel, partial=partial, new=new, refresh=fresh, wait=wait)
    out(result | {"notes": list(project.notes)}, as_json, running.lines(result))
    raise typer.Exit(result["exit"])


def _verb(doc: str, stages: tuple[str, ...]) -> Callable[..., None]:
    def verb(
        spec: Spec,
        sets: Set = None,
        as_json: Json = False,
        max_usd: Usd = None,
        partial: Partial = False,
        new: New = False,
        wait: Wait = False,
    ) -> None:
        _run(spec, sets, as_json, max_usd, partial=partial, new=new, wait=wait, stages=stages)

    verb.__doc__ = doc
    return verb


run = _verb("All stages in order; those whose inputs did not change are skipped.", ALL)
generate = _verb("Ask the teacher for what the store lacks.", ("generate",))


def curate(
    spec: Spec,
    sets: Set = None,
    as_json: Json = False,
    new: New = False,
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            "--what-if", metavar="CHANGE",
            help="show what a change would do and write nothing: length.max_tokens=50, repetition=on, dedup.near=0.9; repeatable",
        ),
    ] = None,
) -> None:  # fmt: skip
    """Answers into a dataset; sends nothing, so thresholds can be tried at no cost."""
    if not what_if:
        _run(spec, sets, as_json, None, partial=False, new=new, stages=("curate",))
        return
    from distill.pipeline import arguments
    from distill.views import what_if as whatif

    result = whatif.compare(arguments.spec_of(spec), what_if, overrides=sets or [], env=os.environ)
    out(result, as_json, whatif.lines(result))


export = _verb("Write train.jsonl, valid.jsonl, test.jsonl and dataset.parquet.", ("export",))
train = _verb("Tune the student, by LoRA here or on a host.", ("train",))
evaluate = _verb("Compare teacher, prompted base, bare base and student on the test rows.", ("evaluate",))
report = _verb("Write report.html and REPORT.md.", ("report",))


def refresh(
    spec: Spec,
    teacher: Annotated[str | None, typer.Option(help="the new teacher's model name")] = None,
    sets: Set = None,
    as_json: Json = False,
    max_usd: Usd = None,
    partial: Partial = False,
    wait: Wait = False,
) -> None:
    """Open the next run with the same rows, splits and test rows, send only what the store lacks, and compare both students."""
    more = [*(sets or []), *([f"teacher.model={json.dumps(teacher)}"] if teacher is not None else [])]
    options = {"teacher.model": "--teacher"} if teacher is not None else {}
    _run(spec, more, as_json, max_usd, partial=partial, wait=wait, fresh=True, stages=ALL, options=options)
