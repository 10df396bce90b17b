"""What a left-out gate changes, against a known truth: how often gates that do nothing are told to do something."""

from __future__ import annotations

import numpy as np
import pytest

from distill.evaluate.curve import intervals
from distill.evaluate.curve.intervals import Floats
from distill.pipeline.ablation.effects import MeasuredEffect
from distill.pipeline.learning_curve.points import PointName, Trained
from distill.pipeline.learning_curve.scores import CurveScores

ROWS, EXPERIMENTS, SEEDS = 150, 100, 3


def measured(values: Floats) -> MeasuredEffect:
    """Of (variants, seeds, rows); the variants after the first are called 1, 2, …"""
    points = {
        str(at or ""): [Trained(PointName(100, seed), [], 1.0) for seed in range(values.shape[1])]
        for at in range(len(values))
    }
    return MeasuredEffect(points, CurveScores("exact", "right", values), intervals.drawn_means(values, draws=1000))


def simulated(random: np.random.Generator, effects: list[float], seeds: int) -> Floats:
    """Right or wrong: rows differ in difficulty, trainings in luck, and a variant is worse by its effect."""
    hard = random.normal(0, 1.5, ROWS)[np.newaxis, np.newaxis]
    luck = random.normal(0, 0.15, (len(effects) + 1, seeds, 1))
    worse = np.asarray([0.0, *effects])[:, np.newaxis, np.newaxis]
    chance = 1 / (1 + np.exp(-(1.2 + hard + luck - worse)))
    return (random.random(chance.shape) < chance).astype(np.float64)


def test_gates_that_do_nothing_are_seldom_told_to_do_something() -> None:
    """At most 5 of 100 experiments with four such gates name any of them."""
    random, wrong = np.random.default_rng(0), 0
    for _ in range(EXPERIMENTS):
        found = measured(simulated(random, [0.0] * 4, SEEDS))
        wrong += any(low > 0 or high < 0 for low, high in (found.sure(str(at)) for at in range(1, 5)))
    assert wrong <= 0.05 * EXPERIMENTS


def test_an_effect_has_its_sign_and_its_wider_interval() -> None:
    found = measured(simulated(np.random.default_rng(0), [1.5, 0.0, -1.5], 5))
    helps, harms = found.effect("1"), found.effect("3")
    assert helps.low > 0 > harms.high
    for name in ("1", "2", "3"):
        low, high = found.sure(name)
        assert low <= found.effect(name).low <= found.effect(name).high <= high
    assert found.score("").score.mean - found.score("1").score.mean == pytest.approx(helps.mean)
    assert [one.seed for one in found.score("2").seeds] == [0, 1, 2, 3, 4]
    assert found.scored == ROWS
