"""`distill preflight`: a dataset is checked before it trains or is paid for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distill.cli.options import AsJson, HomeFolder, Set, out
from distill.errors import GateNotMet, UsageError

if TYPE_CHECKING:
    from distill.student.preflight.gpus.cards import Gpus

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
GpuCount = Annotated[
    int | None,
    typer.Option("--gpus", min=1, max=1024, help="look at a training on so many GPUs elsewhere, of one machine"),
]
GpuName = Annotated[
    str | None, typer.Option("--gpu", help="what they are, for memory and hours: h100, h200, a100, l40s, l4 …")
]
GpuMemory = Annotated[str | None, typer.Option("--gpu-memory", metavar="GB", help="memory of each, e.g. 80GB")]
Machines = Annotated[
    int | None, typer.Option("--machines", min=1, max=1024, help="so many machines with as many GPUs each")
]
Accelerate = Annotated[
    Path | None,
    typer.Option("--accelerate", metavar="FILE", help="take their number from a configuration of accelerate"),
]
TokenPrice = Annotated[float | None, typer.Option(help="FILE: dollars a million trained tokens at the host")]


def preflight(
    given: Given, base: Base = None, host: HostName = None, valid: Valid = None, test: Test = None, epochs: Epochs = None,
    price: TokenPrice = None, gpus: GpuCount = None, gpu: GpuName = None, gpu_memory: GpuMemory = None, machines: Machines = None,
    accelerate: Accelerate = None, sets: Set = None, as_json: AsJson = False, home: HomeFolder = Path(),
) -> None:  # fmt: skip
    """Check a dataset before it trains.

    Faults by line, tokens, leaks, limits of a host, memory, hours and price. Sends nothing. Exit code 4: something would stop a training.
    With --gpus it is a dry run of a training on several GPUs or machines, which need not be here.
    """
    from distill.cli.text.preflight import preflight_lines
    from distill.views import preflight as view

    elsewhere = _gpus(gpus, gpu, gpu_memory, machines, accelerate)
    options = {"--base": base, "--host": host, "--valid": valid, "--test": test, "--epochs": epochs, "--price": price}
    if view.is_file(given):
        if sets:
            raise UsageError("--set changes a spec, and a file of rows has none; say --base, --host or --epochs")
        found = view.preflight(
            given, base=base or "", host=host or "", valid=valid, test=test, epochs=epochs, usd_per_million=price, gpus=elsewhere,
        )  # fmt: skip
    else:
        if named := [name for name, value in options.items() if value is not None]:
            raise UsageError(
                f"{named[0]} is for a file of rows; a run is checked as its spec trains: --set student.train.epochs=3"
            )
        found = view.of_run(given, home, sets or [], elsewhere)
    out(found.as_json(), as_json, preflight_lines(found))
    if not found.ok:
        raise typer.Exit(GateNotMet.exit_code)


def _gpus(
    each: int | None, name: str | None, memory: str | None, machines: int | None, accelerate: Path | None
) -> Gpus | None:
    """The GPUs that the options name; None where they name none."""
    from distill.student.preflight.gpus import accelerate_config, cards

    if accelerate is not None:
        if each is not None or machines is not None:
            raise UsageError("--accelerate says how many GPUs there are; take --gpus and --machines out")
        launch = accelerate_config.read(accelerate)
        each, machines = launch.each, launch.machines
    if (each, name, memory, machines) == (None, None, None, None):
        return None
    return cards.gpus(each, machines=machines, name=name, memory=memory)
