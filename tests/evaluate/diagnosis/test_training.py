from __future__ import annotations

from typing import Any

import pytest

from distill.evaluate.diagnosis.training import TrainingLosses, training_losses


def curve(train: list[float], held: list[float]) -> TrainingLosses:
    """`held` at the end of each epoch, of equally many steps."""
    rows: list[dict[str, Any]] = []
    each = len(train) // max(1, len(held))
    for n, loss in enumerate(train, 1):
        rows.append({"step": n, "epoch": n / each, "train_loss": loss, "valid_loss": None})
        if held and n % each == 0:
            rows.append({"step": n, "epoch": n / each, "train_loss": None, "valid_loss": held[n // each - 1]})
    found = training_losses(rows)
    assert found is not None
    return found


DOWN = [3.0 * 0.9**n for n in range(40)]
FLAT = [3.0, 1.0, *[0.2] * 38]


@pytest.mark.parametrize(
    ("train", "held", "said"),
    [
        (FLAT, [0.22, 0.21], (False, False, False)),
        (FLAT, [0.3, 0.5], (True, False, False)),
        (FLAT, [0.9, 0.8], (True, False, False)),
        (DOWN, [0.5, 0.2], (False, True, False)),
        (DOWN, [], (False, True, False)),
        ([3.0] * 40, [3.0, 3.0], (False, False, True)),
    ],
)
def test_curve_says_one_thing_at_most(train: list[float], held: list[float], said: tuple[bool, bool, bool]) -> None:
    found = curve(train, held)
    assert (found.overfits, found.still_falling, found.unlearnt) == said


def test_best_epoch_is_the_one_after_which_the_loss_was_lowest() -> None:
    assert curve(FLAT, [0.4, 0.3, 0.5, 0.6]).best_epoch == 2


def test_nothing_is_said_of_no_losses_or_of_a_few_steps() -> None:
    assert training_losses([]) is None
    found = curve([3.0, 2.0, 1.0], [])
    assert not (found.still_falling)
    assert not (found.unlearnt)
