"""The whole sum: its inputs, and where each comes from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from distill.advise.assumptions import ASSUMPTIONS
from distill.advise.roi.call_costs import GivenPrices
from distill.advise.roi.roi import RoiRequest, roi
from distill.advise.roi.run_figures import ArmCalls, RunFigures
from distill.evaluate.comparison import Difference
from distill.money import Rate
from distill.teacher.store.queries import SpenderTotals

CALLS = [
    ArmCalls([tokens] * 20, [20.0] * 20, [usd] * 20, [0.864] * 20) for tokens, usd in ((1000.0, 0.002), (100.0, 0.0))
]
RUN = RunFigures(
    "mood/001", "gpt-4o", "org/small", "lora", {"teacher": CALLS[0], "student": CALLS[1]}, ledger=[SpenderTotals("teacher", 600, 600, usd=40.0)],
    train_seconds=3600.0, gap=Difference("json_fields", "student", "teacher", -0.01, -0.03, 0.01, 120, small=False),
)  # fmt: skip
ASKED = RoiRequest(calls_a_day=10_000, coverage=0.5)


def test_the_sum_by_hand() -> None:
    """Once: $40 of data, $0.10 of training, 16 h at $60. A day: $20 of the teacher's calls; a machine $2.40;
    a quarter (0.25 × 40 + 0.10 + 120) + 144 of repairs."""
    found = roi(RUN, ASKED)
    assert found.once.value == pytest.approx(1000.10)
    assert found.upkeep_a_day.value == pytest.approx((10 + 0.1 + 120 + 144) / 91.25)
    assert found.hosting_a_day.value == pytest.approx(2.4)
    [alone, _, mixed, _] = found.results
    saved = 20 - 2.4 - 274.1 / 91.25
    assert alone.saving_a_day == pytest.approx(saved)
    assert alone.days == pytest.approx(1000.10 / saved)
    assert mixed.saving_a_day == pytest.approx(saved - 10)
    assert [one.state for one in found.results] == ["pays", "unknown", "pays", "unknown"]


def test_every_input_has_a_source_and_a_unit() -> None:
    found = roi(RUN, ASKED)
    sources = {one.name: one.source for one in found.inputs}
    assert set(ASSUMPTIONS) <= set(sources)
    assert sources["teacher: prompt tokens"] == "measured in this run"
    assert (sources["calls a day"], sources["hours"], sources["prompted cheap model"]) == (
        "given",
        "default",
        "unknown",
    )
    assert all(one.unit for one in found.inputs)
    assert [one.partition(":")[0] for one in found.unknowns] == ["prompted cheap model"]


def test_calls_a_day_follow_from_prompt_tokens_where_they_are_not_given() -> None:
    by_default = {one.name: one for one in roi(RUN, RoiRequest()).inputs}["calls a day"]
    assert (by_default.value, by_default.source) == (50.0, "default")
    given = {one.name: one for one in roi(RUN, RoiRequest({"prompt_tokens_a_day": 2e6})).inputs}["calls a day"]
    assert (given.value, given.source) == (2000.0, "given")


def test_an_unknown_part_leaves_the_sum_unknown() -> None:
    found = roi(replace(RUN, ledger=[SpenderTotals("judge j", 3, 3, unpriced=3)]), ASKED)
    assert found.once.value is None
    assert {one.state for one in found.results} == {"unknown"}
    assert found.volume_for_target is None
    assert found.quality is not None
    assert found.quality.worth is None


def test_a_run_without_calls_has_no_volume_and_no_result() -> None:
    found = roi(replace(RUN, arms={}, gap=None), RoiRequest())
    assert (found.results, found.sensitivity, found.quality) == ([], [], None)
    assert any(one.startswith("calls a day") for one in found.unknowns)


def test_quality_and_money_are_set_off_at_the_mean_and_at_both_ends() -> None:
    found = roi(RUN, ASKED).quality
    assert found is not None
    assert (found.points, found.low, found.high, found.n) == (-1.0, -3.0, 1.0, 120)
    assert [one.pays_if for one in (found.worth, found.worth_low, found.worth_high) if one] == [
        "a point is worth less", "a point is worth less", "always",
    ]  # fmt: skip
    assert found.worth is not None
    assert found.worth_low is not None
    assert (found.worth.bound or 0) == pytest.approx((found.worth_low.bound or 0) * 3)


def test_a_teacher_on_ones_own_machine_needs_one_as_the_student_does() -> None:
    """Both answer in 0.864 s: 100,000 calls a machine and day."""
    free = {name: replace(arm, usd=[0.0] * 20) for name, arm in RUN.arms.items()}
    local = replace(RUN, teacher="embedded/smollm2-135m", arms=free)
    [alone, *_] = roi(local, ASKED).results
    assert alone.saving_a_day == pytest.approx(-274.1 / 91.25)
    priced = roi(local, replace(ASKED, prices=GivenPrices(teacher=Rate(2.0, 0.0).usd))).results[0]
    assert priced.saving_a_day == pytest.approx(20 - 2.4 - 274.1 / 91.25)


def test_a_student_at_a_host_needs_no_machine() -> None:
    found = roi(replace(RUN, trained_with="hosted"), replace(ASKED, prices=GivenPrices(student=Rate(1.0, 2.0).usd)))
    assert found.hosting_a_day.value == 0.0
    assert found.results[0].own_per_1000 == pytest.approx((100 + 40) / 1e3)
