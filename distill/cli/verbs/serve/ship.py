"""`distill ship`: the student of a run, for whoever runs it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from distill.cli.options import AsJson, HomeFolder, RunName, out


def ship(
    run: RunName,
    form: Annotated[
        str,
        typer.Option(
            "--as", metavar="FORM",
            help="adapter, merged, gguf, gguf:q8_0, ollama, vllm; after gguf: and ollama: how its weights are stored",
        ),
    ],
    folder: Annotated[Path, typer.Option("--out", metavar="DIR", help="an empty folder, or one to be made")],
    as_json: AsJson = False,
    home: HomeFolder = Path(),
) -> None:  # fmt: skip
    """Write the student as others can run it.

    Adapter, merged weights, GGUF, Ollama or vLLM, each with a README of its scores.
    """
    from distill.cli.text.serve.ship import ship_lines
    from distill.pipeline import arguments
    from distill.pipeline.open_task import open_task
    from distill.ship import ship as shipping
    from distill.ship.student import tuned_student
    from distill.ship.target import target_of
    from distill.task import used_spec

    target, found = target_of(form), arguments.run_of(run, home)
    used = (used_spec.read(found.path) or {}).get("spec", {}).get("student")
    task = open_task(
        arguments.spec_of(found.path),
        overrides=[f"student={json.dumps(used)}"] if used else [],
        env=os.environ,
        home=found.home,
        priced=False,
    )
    done = shipping.ship(tuned_student(task, found), target, folder)
    out(
        {"run": done.run, "form": done.form, "folder": str(done.folder), "files": dict(done.files), "use": done.use},
        as_json, ship_lines(done),
    )  # fmt: skip
