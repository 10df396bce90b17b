"""`distill curate --on disk`: approved rows to an exported dataset, over files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import typer

from distill.cli.options import out
from distill.cli.verbs.where import Where
from distill.errors import UsageError


def curate_on_disk(
    spec: Path, sets: list[str] | None, as_json: bool, *, new: bool, spill: Path | None, what_if: bool, where: Where
) -> NoReturn:
    """`distill curate --on disk`, or on Ray with the tables on disk: seeds, gates, near-duplicates, balance, split and export over files."""
    from distill.cli.live.panel import Panel
    from distill.cli.text.run import run_lines
    from distill.pipeline import arguments
    from distill.pipeline.on_disk import run as on_disk

    if what_if:
        raise UsageError(
            "--what-if previews in memory: take out --on disk, or try the change with --set on a sample of the rows"
        )
    if where.on in (None, "memory"):
        raise UsageError(f"--spill {spill} belongs to --on disk or --on ray, which is not asked for")
    place = arguments.place_of(spec)
    given = on_disk.opened(place.spec, overrides=sets or [], env=os.environ, home=place.home)
    with where.taken(spec) as heard, Panel(quiet=as_json) as panel, heard.by(panel.say):
        done = on_disk.curate(given, panel, spill=spill, new=new)
    out(done.as_json() | {"notes": list(given.task.notes)}, as_json, [] if as_json else run_lines(done))
    raise typer.Exit(done.exit_code)
