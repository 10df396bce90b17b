"""`--processes`: the command in several processes of this machine, of which the first is the run and the others train along."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from distill.errors import DistillError, UsageError

if TYPE_CHECKING:
    from distill.spec.training import Train

Processes = Annotated[
    str | None,
    typer.Option(
        "--processes", metavar="N|auto",
        help="train in so many processes of this machine, one a GPU; auto: as many as it has GPUs and a step can be divided among",
    ),
]  # fmt: skip
_AUTO = "auto"


def start(spec: Path, sets: Sequence[str], given: str | None) -> None:
    """Run this very command as so many processes and end as the first of them does; nothing happens where one is enough, or in one of them."""
    from distill.student.processes import group, launch

    if given is None or os.environ.get(group.LAUNCHED):
        return
    if group.count() > 1:
        raise UsageError(
            f"--processes is {given[:20]!r}, and a launcher has started {group.count()} processes already; take one of the two out"
        )
    asked = _asked(given)
    way = _training(spec, sets)
    gpus = _gpus()
    count = _most(way, gpus) if asked is None else asked
    _check(way, count, gpus)
    if count > 1:
        command = [sys.executable, "-P", "-m", "distill", *sys.argv[1:]]
        raise typer.Exit(launch.launch(command, count, os.environ))


def _asked(given: str) -> int | None:
    """The number; None for auto."""
    if given == _AUTO:
        return None
    if not given.isdecimal() or not 1 <= int(given) <= 1024:
        raise UsageError(f"--processes is {given[:20]!r}: expected a number from 1 to 1,024, or {_AUTO}")
    return int(given)


def _training(spec: Path, sets: Sequence[str]) -> Train:
    from distill import spec as specs
    from distill.pipeline.arguments import place_of

    return specs.load(place_of(spec).spec, sets).student.train


def _gpus() -> int:
    """GPUs of this machine; 0 also where PyTorch is not there to say, which the training then does."""
    try:
        from torch import cuda
    except ImportError:
        return 0
    return int(cuda.device_count())


def _most(way: Train, gpus: int) -> int:
    from distill.student.processes import shares

    alone = not way.local or way.preference is not None
    return 1 if alone or gpus < 2 else shares.most(way.batch_size, way.accumulate, gpus)


def _check(way: Train, count: int, gpus: int) -> None:
    """UsageError where so many processes cannot train what the spec says, before anything is opened, asked or paid for."""
    from distill.student.processes import shares

    if count == 1:
        return
    if not way.local:
        raise UsageError(
            f"--processes {count}: `with: {way.with_}` (student.train) trains no language model on this machine; take the option out"
        )
    if way.preference is not None:
        raise UsageError(
            f"--processes {count}: pairs (student.train.preference) are trained in one process; take the option out"
        )
    if 0 < gpus < count:
        raise UsageError(
            f"--processes {count}: this machine has {gpus} GPU{'s' if gpus > 1 else ''}, and each process computes on its own; say --processes {gpus}"
        )
    shares.share(way.batch_size, way.accumulate, count)


def train_along() -> NoReturn:
    """What every process of a launcher but the first does: that one says what went wrong, and answers a Ctrl-C."""
    import signal

    from distill.student.trainers import fine_tuning

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # also while it waits in a call that Python cannot interrupt
    try:
        fine_tuning.follow()
    except DistillError:  # the same fault as the first one's
        raise typer.Exit(1) from None
    except RuntimeError as fault:  # the first one is gone, or this GPU's memory is full, which nobody else would say
        print(f"{type(fault).__name__}: {fault}", file=sys.stderr)
        raise typer.Exit(1) from None
    raise typer.Exit
