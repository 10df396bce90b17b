"""Of two starts of an adapter the one is kept that is clearly better, else the one with the lower validation loss."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distill.evaluate.previous.starts import choose, lowest
from distill.stats import Estimate

RUNS = {"last": "mood/002", "fresh": "mood/003"}


def gap(mean: float, low: float, high: float) -> Estimate:
    return Estimate(mean, low, high, 60)


@pytest.mark.parametrize(
    ("found", "last", "fresh", "kept", "said"),
    [
        (gap(0.1, 0.02, 0.18), 0.1, 0.9, "fresh", "clearly better"),
        (gap(-0.1, -0.18, -0.02), 0.9, 0.1, "last", "clearly better"),
        (gap(0.1, -0.02, 0.2), 0.1, 0.2, "last", "validation loss 0.2000 afresh, 0.1000 from last"),
        (gap(-0.1, -0.2, 0.0), 0.3, 0.2, "fresh", "not clearly different"),
        (gap(0.0, -0.1, 0.1), 0.2, 0.2, "fresh", "not clearly different"),
        (gap(0.0, -0.1, 0.1), None, 0.2, "fresh", "no validation loss is known"),
        (None, 0.1, 0.2, "last", "no test row was scored for both"),
    ],
)
def test_which_start_is_kept(
    found: Estimate | None, last: float | None, fresh: float | None, kept: str, said: str
) -> None:
    choice = choose(found, {"last": last, "fresh": fresh}, RUNS)
    assert (choice.kept, choice.run) == (kept, RUNS[kept])
    assert said in choice.why


def test_the_lowest_validation_loss_of_a_run(tmp_path: Path) -> None:
    assert lowest(tmp_path) is None
    (tmp_path / "student").mkdir()
    steps = [{"step": 1, "valid_loss": None}, {"step": 2, "valid_loss": 0.5}, {"step": 3, "valid_loss": 0.75}]
    (tmp_path / "student" / "loss.json").write_text(json.dumps(steps))
    assert lowest(tmp_path) == 0.5
