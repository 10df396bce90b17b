"""An ablation as a value, for what shows one."""

from __future__ import annotations

from distill.evaluate.ablation.result import (
    Ablation,
    AblationAdvice,
    DropPrice,
    LeftOut,
    VariantCounts,
    VariantScore,
)  # fmt: skip
from distill.evaluate.curve.result import SeedScore
from distill.stats import Estimate

COUNTS = VariantCounts(answers=400, dropped=120, aside=20, cut=60, trained=200)


def variant(mean: float) -> VariantScore:
    return VariantScore(
        Estimate(mean, mean - 0.03, mean + 0.03, 96), [SeedScore(0, mean, 0.4), SeedScore(1, mean, 75.0)]
    )


JUDGE = LeftOut(
    name="judge", dropped=60, let_in=55, unjudged=0, counts=COUNTS, price=DropPrice(0.3, 0.12), without=variant(0.8),
    effect=Estimate(0.08, 0.04, 0.12, 96), sure=[0.03, 0.13], advice=AblationAdvice("worth", "judge is worth its price."),
)  # fmt: skip
DEDUP = LeftOut(
    name="dedup", dropped=0, let_in=0, unjudged=0, counts=COUNTS, price=DropPrice(None, 0.0), without=None, effect=None, sure=[],
    advice=AblationAdvice("no_rows", "dedup: the student learns the same rows without it."),
)  # fmt: skip
ABLATION = Ablation(
    run="mood/001", student="lora", metric="json_fields", measure="of the fields right", test_rows=97, scored=96, rows=200, seeds=2,
    interval="95 %, bootstrapped over test rows and the 2 seeds, so that a training's own variance is in it", counts=COUNTS,
    whole=variant(0.88), left_out=[JUDGE, DEDUP],
)  # fmt: skip
