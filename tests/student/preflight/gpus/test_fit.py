"""What each GPU holds, by hand; how steps are divided; what would fit where it does not."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as some

from distill.errors import UsageError
from distill.student.preflight.cost import TrainingSettings
from distill.student.preflight.gpus.cards import GIB, gpus
from distill.student.preflight.gpus.fit import fit
from distill.student.preflight.shape import Shape
from distill.student.preflight.tokens import RowTokens

EIGHT_B = Shape(params=8_030_261_248, layer=218_103_808, head=525_336_576, layers=32, hidden=4096, inner=14336)
"""Llama 3.1 8B."""
SEVENTY_B = Shape(params=70_553_706_496, layer=855_638_016, head=1_050_673_152, layers=80, hidden=8192, inner=28672)
ROWS = [RowTokens(500, 60)] * 1000
ALL = TrainingSettings(epochs=3, layers=None)


def test_each_gpu_holds_base_adapter_and_the_activations_of_its_own_rows() -> None:
    found = fit(EIGHT_B, ALL, ROWS, gpus(4, memory="80GB"))
    assert (found.processes, found.step_rows, found.rows, found.times, found.steps) == (4, 8, 2, 1, 3 * 125)
    memory = found.memory
    assert memory.weights == 8_030_261_248 * 2
    assert memory.adapter == 16 * (8 * 4096 + 3 * (4096 + 14336)) * 32 * 16  # rank × maps × layers × bytes
    assert memory.kept == 2 * 500 * 4096 * 2 * 34 * 32
    assert memory.shared == memory.adapter // 4, "gradients in fp32, without the moments"
    assert found.fits
    assert found.memory_bytes == pytest.approx(1.2 * sum(dataclasses.asdict(memory).values()), abs=1)
    assert fit(EIGHT_B, ALL, ROWS, gpus(1, memory="80GB")).memory.shared == 0


def test_a_full_training_takes_sixteen_bytes_a_parameter_and_gradients_on_their_way() -> None:
    full = dataclasses.replace(ALL, full=True)
    found = fit(EIGHT_B, full, ROWS, gpus(8, name="h100"))
    assert found.memory.weights == 16 * EIGHT_B.params
    assert found.memory.shared == 4 * EIGHT_B.params
    assert not found.fits
    assert found.instead is None, "no GPU of 80 GiB holds 128 GB"


def test_what_does_not_fit_is_told_the_least_change_that_does() -> None:
    long_rows = [RowTokens(4000, 60)] * 1000
    found = fit(EIGHT_B, ALL, long_rows, gpus(1, memory="80GB"))
    assert (found.fits, found.instead) == (False, {"recompute": True})
    small = fit(EIGHT_B, ALL, long_rows, gpus(2, memory="24GB"))
    assert small.instead == {"recompute": True, "batch_size": 1, "accumulate": 8}
    assert fit(SEVENTY_B, ALL, ROWS, gpus(8, memory="80GB")).instead == {"bits": 4}, (
        "a base that fits no GPU in 16 bits"
    )
    assert fit(SEVENTY_B, ALL, ROWS, gpus(8, memory="24GB")).instead is None


@given(some.integers(1, 16), some.integers(1, 8), some.integers(1, 16))
def test_what_is_proposed_fits_and_trains_the_same_step(batch_size: int, accumulate: int, each: int) -> None:
    settings = TrainingSettings(batch_size=batch_size, accumulate=accumulate, layers=None)
    found = fit(EIGHT_B, settings, [RowTokens(3000, 60)] * 50, gpus(each, memory="40GB"))
    assert found.rows * found.times * found.processes == batch_size * accumulate
    if found.instead:
        changed = dataclasses.replace(settings, **found.instead)  # type: ignore[arg-type]  # settings by their names
        again = fit(EIGHT_B, changed, [RowTokens(3000, 60)] * 50, gpus(each, memory="40GB"))
        assert again.fits
        assert again.step_rows == found.step_rows


def test_gpus_that_a_step_cannot_be_divided_among_stay_idle() -> None:
    assert fit(EIGHT_B, ALL, ROWS, gpus(6, memory="80GB")).processes == 4
    two = fit(EIGHT_B, ALL, ROWS, gpus(3, memory="80GB", machines=2))
    assert (two.processes, two.gpus.all) == (4, 6), "as many on each machine"
    with pytest.raises(UsageError, match="among 3 processes"):
        fit(EIGHT_B, ALL, ROWS, gpus(1, memory="80GB", machines=3))


def test_hours_follow_from_the_card_and_fall_with_their_number() -> None:
    one, four = (fit(EIGHT_B, ALL, ROWS, gpus(count, name="h100")) for count in (1, 4))
    assert one.seconds_low is not None
    assert four.seconds_low == pytest.approx(one.seconds_low / 4)
    assert four.seconds_high == pytest.approx(4 * four.seconds_low)
    assert fit(EIGHT_B, ALL, ROWS, gpus(1, memory="80GB")).seconds_low is None
    assert one.gpus.memory_bytes == 80 * GIB
