"""docs/several-gpus.md: its dry runs and its table are what the code computes, and its commands are those that a dry run prints."""

from __future__ import annotations

import re
from pathlib import Path

from distill.cli.text.gpus import gpu_lines
from distill.student.preflight.cost import TrainingSettings
from distill.student.preflight.gpus.cards import CARDS, gpus
from distill.student.preflight.gpus.fit import fit
from distill.student.preflight.shape import Shape
from distill.student.preflight.tokens import RowTokens
from distill.student.processes.shares import share

PAGE = (Path(__file__).parents[1] / "docs" / "several-gpus.md").read_text()
EIGHT_B = Shape(params=8_030_261_248, layer=218_103_808, head=525_336_576, layers=32, hidden=4096, inner=14336)
"""Llama 3.1 8B."""
WAY = TrainingSettings(epochs=3, accumulate=4, layers=None)
ROWS = [RowTokens(500, 60)] * 20_000


def test_the_dry_runs() -> None:
    for where in (gpus(4, name="h100"), gpus(2, memory="24GB")):
        assert "\n".join(gpu_lines(fit(EIGHT_B, WAY, ROWS, where))) in PAGE


def test_the_table_of_shares() -> None:
    rows = re.findall(r"^\| (\d+)(?: process)? \| (\d+) \| (\d+) \| 32 \|", PAGE, re.MULTILINE)
    found = {int(count): (int(read), int(times)) for count, read, times in rows}
    assert found == {count: ((one := share(8, 4, count)).rows, one.times) for count in (1, 2, 4, 8)}


def test_the_commands_on_two_machines_are_those_of_a_dry_run() -> None:
    (_, _, start, _) = gpu_lines(fit(EIGHT_B, WAY, ROWS, gpus(4, name="h100", machines=2)))
    command = start.split(": ", 1)[1]
    for rank in (0, 1):
        wanted = (
            command.replace("--node-rank N", f"--node-rank {rank}")
            .replace("FIRST", "node-a")
            .replace("SPEC", "my-task")
        )
        assert f"\n{wanted} " in PAGE


def test_the_hours_that_the_page_on_scaling_names() -> None:
    """An adapter on all layers, 10,000 rows of 700 tokens, three epochs, on one H100."""
    found = fit(EIGHT_B, TrainingSettings(epochs=3, layers=None), [RowTokens(700, 60)] * 10_000, gpus(1, name="h100"))
    assert found.seconds_low is not None
    assert found.seconds_high is not None
    page = " ".join((Path(__file__).parents[1] / "docs" / "scaling.md").read_text().split())
    assert f"for a base of 8B {found.seconds_low / 60:.0f} to {found.seconds_high / 60:.0f} minutes of an H100" in page


def test_every_card_is_named() -> None:
    assert all(f"`{name}`" in PAGE for name in CARDS)
