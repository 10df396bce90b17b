"""`distill routes`: the student first, the teacher where it should not be trusted; what that is worth, and files that serve it."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distill.cli.options import AsJson, HomeFolder, RunName, out

if TYPE_CHECKING:
    from distill.evaluate.blend.table import RouteTable
    from distill.rundir import RunDir
    from distill.ship.routes.write import WrittenRoutes


def routes(
    run: RunName,
    folder: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="write the files that serve it: an empty folder, or a new one")
    ] = None,
    keep: Annotated[
        float | None,
        typer.Option(help="take the threshold that keeps so large a share of the calibration rows, e.g. 0.75", metavar="SHARE"),
    ] = None,
    to: Annotated[
        str, typer.Option("--to", help="the arm that answers what the student does not: teacher, prompted_base, base, a rival", metavar="ARM")
    ] = "teacher",
    as_json: AsJson = False,
    home: HomeFolder = Path(),
) -> None:  # fmt: skip
    """Route student first, teacher second.

    Measures, on the run's test rows, what both together are worth at several thresholds, and with --out writes the files that serve
    it: for your own Python, for vLLM and for LiteLLM's gateway. Asks no model.
    """
    from distill.cli.text.serve.routes import table_lines, written_lines
    from distill.evaluate.blend.table import table_of
    from distill.lifecycle.registry.integrity import compared
    from distill.pipeline import arguments

    found = arguments.run_of(run, home)
    table = table_of(compared(found), other=to, keep=keep)
    written = _written(found, run, table, folder) if folder is not None else None
    lines = [*table_lines(table), *(written_lines(written) if written else [])]
    shown = {
        "written": {"folder": str(written.folder), "files": written.files, "beside": written.beside}
        if written
        else None
    }
    out(dataclasses.asdict(table) | {"ratios": [table.ratio(one) for one in table.blends]} | shown, as_json, lines)


def _written(run: RunDir, given: str, table: RouteTable, folder: Path) -> WrittenRoutes:
    """The files, of a student that is as it was compared, with the promoted students that share its base."""
    from distill.lifecycle.registry.candidate import candidate_of
    from distill.lifecycle.registry.shared_base import promoted_on
    from distill.pipeline import arguments
    from distill.pipeline.open_task import open_task
    from distill.ship.routes.vllm_config import ServedAdapter
    from distill.ship.routes.write import write
    from distill.task import used_spec

    student = candidate_of(run, given)
    task = open_task(
        arguments.spec_of(run.path), overrides=used_spec.as_asked(run.path), env=os.environ, home=run.home, priced=False
    )
    beside = [ServedAdapter(name, at) for name, at in promoted_on(student).items()]
    return write(task, run, table, folder, beside)
