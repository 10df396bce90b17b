"""What was shipped, and what it scored, for people."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.cli.text.serve.ship import score_lines, ship_lines
from distill.ship.artefact import ShippedScore
from distill.ship.ship import Shipped
from distill.stats import Estimate


def test_files_with_their_sizes_and_how_to_start_it() -> None:
    done = Shipped(
        "mood/001", "gguf", Path("out"), {"README.md": 1200, "mood.gguf": 270_900_000}, "```sh\nllama-server -m x\n```"
    )
    lines = ship_lines(done)
    assert lines[0] == "mood/001 shipped as gguf: out, 270.9 MB"
    assert "  mood.gguf  270.9 MB" in lines
    assert "  README.md  1.2 kB" in lines
    assert "llama-server -m x" in lines
    assert not [line for line in lines if line.startswith("```")]


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(-0.2, -0.05, "it lost: −10.0 points"), (-0.2, 0.02, "no loss is shown"), (0.01, 0.2, "it gained")],
)
def test_a_loss_is_said_to_be_one_where_the_interval_says_so(low: float, high: float, said: str) -> None:
    mean = -0.1 if high < 0.1 else 0.1
    found = ShippedScore(
        "mood/001", "a.gguf", "llama.cpp", "json_fields", Estimate(0.8, 0.7, 0.9, 60), Estimate(0.9, 0.8, 0.95, 60),
        Estimate(mean, low, high, 60), rows=60, answered=60, same=51,
    )  # fmt: skip
    lines = score_lines(found)
    assert lines[-1].startswith(said)
    assert "n = 60" in lines[-1]
    assert "  the same answer on 51 of 60 rows" in lines
    assert "  shipped  80.0 % (70 % to 90 %, n = 60)" in lines


def test_nothing_to_score_by_is_said() -> None:
    found = ShippedScore("mood/001", "a", "transformers", "json_fields", None, None, None, rows=9, answered=9, same=9)
    assert score_lines(found)[-1] == "nothing scores these answers"
