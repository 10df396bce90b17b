"""A dry run of a training on several GPUs, for people: how steps are divided, what each GPU holds, and how it is started."""

from __future__ import annotations

import json
from collections.abc import Iterator

from distill.cli.durations import between
from distill.student.preflight.gpus.cards import GIB, Gpus
from distill.student.preflight.gpus.fit import GpuFit

_PORT = 29500


def gpu_lines(found: GpuFit) -> Iterator[str]:
    """What it takes, whether it fits, and the command."""
    yield (
        f"on {_named(found.gpus)}: {found.steps:,} steps of {found.step_rows} rows, by {_processes(found)} with {found.rows} "
        f"row{'s' if found.rows > 1 else ''} at a time{f', {found.times} times a step' if found.times > 1 else ''}; {_time(found)}"
    )
    yield f"each GPU: {_parts(found)}, of {found.gpus.memory_bytes / GIB:.0f} GiB: {'it fits' if found.fits else 'it does not fit'}"
    if found.fits:
        yield from _commands(found)
    elif found.instead is not None:
        sets = " ".join(f"--set student.train.{name}={json.dumps(value)}" for name, value in found.instead.items())
        yield f"it would fit with {sets}"
    else:
        yield (
            "no setting makes it fit, for each GPU holds the whole base: take a smaller base or GPUs with more memory, or shard it with another "
            "trainer (`distill export SPEC --config axolotl` writes its files; FSDP and DeepSpeed are that trainer's settings)"
        )


def _named(gpus: Gpus) -> str:
    card = gpus.name or f"GPUs of {gpus.memory_bytes / GIB:.0f} GiB"
    machines = f" on each of {gpus.machines} machines" if gpus.machines > 1 else ""
    return f"{gpus.each} × {card}{machines}"


def _processes(found: GpuFit) -> str:
    if found.processes == found.gpus.all:
        return f"{found.processes} process{'es' if found.processes > 1 else ''}"
    return f"{found.processes} of {found.gpus.all} GPUs (a step divides among no more)"


def _time(found: GpuFit) -> str:
    if found.seconds_low is None:
        return "hours are not estimated without --gpu"
    return f"an estimate of {between(found.seconds_low, found.seconds_high)}"


def _parts(found: GpuFit) -> str:
    memory = found.memory
    parts = {
        "base": memory.weights, "adapter, gradients and moments": memory.adapter, "activations": memory.kept,
        "scores of answers": memory.scores, "gradients on their way": memory.shared,
    }  # fmt: skip
    said = " + ".join(f"{size / GIB:.1f} {name}" for name, size in parts.items() if size)
    return f"{said}, with headroom {found.memory_bytes / GIB:.1f} GiB"


def _commands(found: GpuFit) -> Iterator[str]:
    each = found.processes // found.gpus.machines
    if found.gpus.machines == 1:
        yield f"start: distill train SPEC{f' --processes {each}' if each > 1 else ''}"
        return
    yield (
        f"start on each machine, with its own number from 0 to {found.gpus.machines - 1} for N and the first one's name for FIRST: "
        f"torchrun --nnodes {found.gpus.machines} --nproc-per-node {each} --node-rank N --master-addr FIRST --master-port {_PORT} "
        "-m distill train SPEC"
    )
    yield "base, dataset and run must lie where every machine sees them, under the same path"
