"""How near an input is to the training rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from distill.errors import UsageError
from distill.evaluate.selective.nearness import load, nearness, nearness_among, training_texts

TEXTS = [f"where is my parcel number {n}, it should be here since {n * 7 % 30} days" for n in range(200)]


def test_a_training_row_is_nearest_and_another_script_is_far() -> None:
    known = training_texts(TEXTS)
    own, like, other = known.nearest([TEXTS[3], "where is my parcel number 999", "квантовая хромодинамика"])
    assert own == 1.0
    assert own > like > other
    assert known.floor > other


def test_few_training_rows_lie_below_the_floor() -> None:
    known = training_texts(TEXTS)
    apart = [training_texts([*TEXTS[:n], *TEXTS[n + 1 :]]).nearest([TEXTS[n]])[0] for n in range(0, 200, 20)]
    assert np.mean(np.array(apart) < known.floor) <= 0.2


def test_the_vectors_are_kept_and_read_again(tmp_path: Path) -> None:
    known = training_texts(TEXTS)
    known.save(tmp_path / "nearest.npz")
    again = load(tmp_path / "nearest.npz", known.floor)
    assert again.nearest(["parcel"]).tolist() == known.nearest(["parcel"]).tolist()
    (tmp_path / "nearest.npz").write_bytes(b"no archive")
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "nearest.npz", 0.1)


def test_one_training_row_has_no_other() -> None:
    assert training_texts(["alone"]).floor == 0.0


def test_a_row_that_stands_in_training_is_as_near_as_can_be() -> None:
    near, far = nearness(["the lamp is broken", "Wetter"], ["the lamp is broken", "a parcel came late"])
    assert near == pytest.approx(1)
    assert far < 0.3


def test_a_text_is_held_against_the_others_and_never_against_itself() -> None:
    same, near, far = nearness_among(["where is my parcel", "where is my parcel now", "zzz"])
    assert same > 0.5
    assert near == pytest.approx(same)
    assert far == 0.0
    assert nearness_among(["", "?"]).tolist() == [0.0, 0.0]
    assert nearness_among(["alone"]).tolist() == [0.0]
    assert nearness(["x"], []).tolist() == [0.0]
