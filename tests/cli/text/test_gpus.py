"""A dry run as it is printed: what each GPU holds, and the command to start it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from ended import Distill

from distill.cli.text.gpus import gpu_lines
from distill.student.preflight.cost import TrainingSettings
from distill.student.preflight.gpus.cards import gpus
from distill.student.preflight.gpus.fit import fit
from distill.student.preflight.shape import Shape
from distill.student.preflight.tokens import RowTokens

EIGHT_B = Shape(params=8_030_261_248, layer=218_103_808, head=525_336_576, layers=32, hidden=4096, inner=14336)
ROWS = [RowTokens(500, 60)] * 1000
WAY = TrainingSettings(epochs=2, accumulate=4, layers=None)


def test_one_machine_is_started_by_distill() -> None:
    head, each, start = gpu_lines(fit(EIGHT_B, WAY, ROWS, gpus(4, name="h100")))
    assert head.startswith("on 4 × h100: 64 steps of 32 rows, by 4 processes with 8 rows at a time; an estimate of ")
    assert each.startswith("each GPU: 15.0 base + 0.7 adapter, gradients and moments + ")
    assert each.endswith("of 80 GiB: it fits")
    assert start == "start: distill train SPEC --processes 4"


def test_several_machines_are_started_by_torchrun_on_each() -> None:
    lines = list(gpu_lines(fit(EIGHT_B, WAY, ROWS, gpus(4, memory="80GB", machines=2))))
    assert "on 4 × GPUs of 80 GiB on each of 2 machines" in lines[0]
    assert "hours are not estimated without --gpu" in lines[0]
    assert (
        "torchrun --nnodes 2 --nproc-per-node 4 --node-rank N --master-addr FIRST --master-port 29500 -m distill train SPEC"
        in lines[2]
    )


def test_what_does_not_fit_says_what_would() -> None:
    small = fit(EIGHT_B, WAY, ROWS, gpus(2, memory="24GB"))
    assert list(gpu_lines(small))[1].endswith("of 24 GiB: it does not fit")
    assert list(gpu_lines(small))[2].startswith("it would fit with --set student.train.")
    never = dataclasses.replace(small, instead=None)
    assert "no setting makes it fit, for each GPU holds the whole base" in list(gpu_lines(never))[2]


def test_idle_gpus_are_named() -> None:
    assert "by 4 of 6 GPUs (a step divides among no more)" in next(
        gpu_lines(fit(EIGHT_B, TrainingSettings(), ROWS, gpus(6, name="l4")))
    )


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "train.jsonl"
    line = '{{"messages": [{{"role": "user", "content": "what is {0} and {0}?"}}, {{"role": "assistant", "content": "number {0}"}}]}}\n'
    path.write_text("".join(line.format(n) for n in range(60)))
    return path


def test_a_file_is_held_against_gpus_elsewhere(
    rows: Path, tiny_family: Callable[[str], Path], distill: Distill
) -> None:
    """In place of this machine; what is not known of them, or of what trains, is asked for."""
    base = tiny_family("llama")
    said = distill("preflight", rows, "--base", base, "--gpus", "2", "--gpu", "a100", "--machines", "2")
    assert said.code == 0, said.err
    assert "on 2 × a100 on each of 2 machines" in said.out
    assert "here:" not in said.out
    for words, wanted in (
        (("--base", base, "--gpus", "2"), "what is the memory of a GPU?"),
        (("--gpus", "2", "--gpu", "a100"), "A base whose size is known is needed"),
        (("--base", base, "--gpus", "2", "--accelerate", "no.yaml"), "take --gpus and --machines out"),
    ):
        refused = distill("preflight", rows, *words)
        assert (refused.code, wanted in refused.err) == (2, True), refused
