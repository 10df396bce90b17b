"""What a person reads of exported formats, job files and a push."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from distill.student.export import REFUSED, WrittenFormat
from distill.student.hub.push import Pushed
from distill.student.job_files.render import CONFIGS
from distill.student.other_formats import Exported, pairs_text

_SHOWN = 5
"""Rows that are named."""


def export_lines(made: Exported) -> list[str]:
    """A line a format and a job file; rows that a format cannot hold, and seeds without a pair, with the reasons."""
    lines = [line for one in made.formats for line in _format_lines(one)]
    if made.pairs is not None:
        lines.append(f"pairs: {pairs_text(made.pairs)}")
    for name, path in made.configs.items():
        lines.append(f"config {name}: {path}; start it in its folder: {CONFIGS[name].command}")
    return lines


def _format_lines(one: WrittenFormat) -> list[str]:
    rows = ", ".join(f"{count:,} rows in {file}" for file, count in one.rows.items())
    beside = f"; beside: {', '.join(one.beside)}" if one.beside else ""
    lines = [f"format {one.format}: {rows}{beside}; in {one.folder}"]
    if one.refused:
        whys = ", ".join(
            f"{why} ({count:,})" for why, count in Counter(row["why"] for row in one.refused).most_common()
        )
        ids = ", ".join(row["seed_id"] for row in one.refused[:_SHOWN])
        more = " …" if len(one.refused) > _SHOWN else ""
        lines.append(
            f"  {len(one.refused):,} rows are not in it, for it has no place for {whys}: {ids}{more}; all are in {REFUSED}"
        )
    return lines


def push_lines(done: Pushed) -> list[str]:
    """What went where."""
    rows = ", ".join(f"{file} ({count:,} rows)" for file, count in done.rows.items())
    kind = {None: "", True: ", private", False: ", public"}[done.private]
    if done.dry_run:
        return [f"would write to {done.to}{kind}: {rows}, README.md; nothing was written"]
    lines = [f"run {done.run}: {rows}, README.md in {done.folder}"]
    if done.url:
        return [*lines, f"uploaded{kind}: {done.url}"]
    readable = Path(done.folder)
    return [*lines, f"read it: datasets.load_dataset({str(readable)!r})"]
