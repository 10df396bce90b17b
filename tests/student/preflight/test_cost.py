"""Estimates of memory, time and dollars, held against trainings that were measured."""

from __future__ import annotations

import pytest

from distill.student.preflight import cost
from distill.student.preflight.cost import TrainingSettings
from distill.student.preflight.shape import Shape
from distill.student.preflight.speed import Speed
from distill.student.preflight.tokens import RowTokens

EXAMPLE = [RowTokens(83, 15)] * 431
"""About the rows of the example: 35,836 tokens, 6,519 of them learnt."""
AS_MEASURED = TrainingSettings(epochs=2, layers=6)


EMBEDDED = Shape(params=134_515_008, layer=3_538_944, head=28_311_552, layers=30, hidden=576, inner=1536)


def here(settings: TrainingSettings, speed: Speed | None) -> cost.Here:
    return cost.here(EMBEDDED, settings, EXAMPLE, dtype="float32", itemsize=4, free_bytes=2**34, speed=speed)


def test_time_without_an_earlier_run_holds_the_measured_one() -> None:
    """The example took 95 s on two threads of a CPU that reached 228 GFLOP/s in a matrix product."""
    found = here(AS_MEASURED, Speed("measured", flops=228e9))
    assert found.seconds_low is not None
    assert found.seconds_high is not None
    assert found.seconds_low < 95 < found.seconds_high
    assert found.seconds_high == pytest.approx(4 * found.seconds_low)


def test_time_by_an_earlier_run_is_tokens_by_its_rate() -> None:
    found = here(AS_MEASURED, Speed("run x/001", tokens_per_second=755.0))
    assert found.tokens == 2 * 83 * 431
    assert found.seconds_low == found.seconds_high == pytest.approx(found.tokens / 755)


def test_time_is_unknown_where_nothing_tells_the_speed() -> None:
    found = here(AS_MEASURED, None)
    assert found.seconds_low is None
    assert "no speed was measured" in found.assumes


def test_memory_grows_with_what_is_kept_for_the_way_back() -> None:
    def memory(settings: TrainingSettings, rows: list[RowTokens] = EXAMPLE) -> int:
        return cost.memory(EMBEDDED, settings, rows, itemsize=4)

    usual = memory(TrainingSettings())
    assert memory(TrainingSettings(layers=None)) > usual > memory(TrainingSettings(layers=6))
    assert memory(TrainingSettings(batch_size=16)) > usual > memory(TrainingSettings(recompute=True))
    assert memory(TrainingSettings(), [*EXAMPLE, RowTokens(2000, 15)]) > 2 * usual
    assert usual > EMBEDDED.params * 4


def test_host_bills_tokens_times_epochs() -> None:
    found = cost.there("openai", "gpt-4.1-mini", 1_000_000, 3, usd_per_million=5.0, bills="", says="")
    assert (found.tokens, found.usd) == (3_000_000, 15.0)
    unknown = cost.there("together", "llama", 1_000_000, 3, usd_per_million=None, bills="", says="")
    assert (unknown.tokens, unknown.usd) == (3_000_000, None)


def test_all_weights_take_sixteen_bytes_each_and_half_as_much_time_again() -> None:
    whole, adapter = TrainingSettings(layers=None, full=True), TrainingSettings(layers=None)
    assert cost.memory(EMBEDDED, whole, EXAMPLE, itemsize=4) > EMBEDDED.params * 16
    ratio = cost.operations(EMBEDDED, whole, EXAMPLE) / cost.operations(EMBEDDED, adapter, EXAMPLE)
    assert ratio == pytest.approx(1.5, abs=0.05)
    found = here(whole, None)
    assert found.dtype == "float32"
    assert found.assumes.startswith("all weights, float32")
