"""`distill preflight`: a dataset is checked before it trains or is paid for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from distill.cli.options import AsJson, HomeFolder, Set, out
from distill.errors import GateNotMet, UsageError

Given = Annotated[
    str, typer.Argument(help="a *.jsonl file of chats, a run, or a task (its newest run)", metavar="FILE|RUN|SPEC")
]
Base = Annotated[
    str | None,
    typer.Option(help="FILE: the base that would train: a folder, a *.gguf file, a hub id, or a name at --host"),
]
HostName = Annotated[str | None, typer.Option(help="FILE: a tuning host: openai, azure, nebius, together or fireworks")]
Valid = Annotated[Path | None, typer.Option(help="FILE: the validation rows")]
Test = Annotated[Path | None, typer.Option(help="FILE: the rows that are to score it")]
Epochs = Annotated[float | None, typer.Option(help="FILE: epochs; default: as recommended")]
TokenPrice = Annotated[float | None, typer.Option(help="FILE: dollars a million trained tokens at the host")]


def preflight(
    given: Given, base: Base = None, host: HostName = None, valid: Valid = None, test: Test = None, epochs: Epochs = None,
    price: TokenPrice = None, sets: Set = None, as_json: AsJson = False, home: HomeFolder = Path(),
) -> None:  # fmt: skip
    """Check a dataset before it trains.

    Faults by line, tokens, leaks, limits of a host, memory, hours and price. Sends nothing. Exit code 4: something would stop a training.
    """
    from distill.cli.text.preflight import preflight_lines
    from distill.views import preflight as view

    options = {"--base": base, "--host": host, "--valid": valid, "--test": test, "--epochs": epochs, "--price": price}
    if view.is_file(given):
        if sets:
            raise UsageError("--set changes a spec, and a file of rows has none; say --base, --host or --epochs")
        found = view.preflight(
            given, base=base or "", host=host or "", valid=valid, test=test, epochs=epochs, usd_per_million=price
        )
    else:
        if named := [name for name, value in options.items() if value is not None]:
            raise UsageError(
                f"{named[0]} is for a file of rows; a run is checked as its spec trains: --set student.train.epochs=3"
            )
        found = view.of_run(given, home, sets or [])
    out(found.as_json(), as_json, preflight_lines(found))
    if not found.ok:
        raise typer.Exit(GateNotMet.exit_code)
