from __future__ import annotations

import json

import polars as pl

from distill.evaluate.diagnosis.starving import StarvingStratum, starving_stratum


def labels(counts: dict[str, int]) -> list[str]:
    return [json.dumps({"intent": value}) for value, count in counts.items() for _ in range(count)]


def found(trained: dict[str, int], wrong: dict[str, int], tests: int = 20) -> StarvingStratum | None:
    """`tests` rows of each value, of which the student has so many wrong and the teacher none."""
    rows = pl.DataFrame({"labels": labels(dict.fromkeys(trained, tests))}).with_row_index("seed_id")
    rows = rows.with_columns(pl.format("s{}", "seed_id").alias("seed_id"))
    scores, seen = {}, dict(wrong)
    for seed, text in rows.select("seed_id", "labels").iter_rows():
        value = json.loads(text)["intent"]
        seen[value] = seen.get(value, 0) - 1
        scores[seed] = float(seen[value] < 0)
    return starving_stratum(rows, pl.DataFrame({"labels": labels(trained)}), scores, dict.fromkeys(scores, 1.0))


def test_a_value_with_few_training_rows_and_a_low_score_starves() -> None:
    one = found({"bill": 100, "ship": 90, "stop": 6}, {"stop": 12})
    assert one is not None
    assert (one.label, one.value, one.trained, one.others) == ("intent", "stop", 6, 95.0)
    assert one.gap.mean == -0.6


def test_few_rows_that_are_enough_and_a_low_score_on_many_rows_are_no_starving() -> None:
    assert found({"bill": 100, "ship": 90, "stop": 6}, {}) is None
    assert found({"bill": 100, "ship": 90, "stop": 80}, {"stop": 12}) is None


def test_few_test_rows_tell_nothing() -> None:
    assert found({"bill": 100, "ship": 90, "stop": 6}, {"stop": 4}, tests=4) is None


def test_rows_without_labels_have_no_strata() -> None:
    assert starving_stratum(pl.DataFrame({"seed_id": ["s"]}), pl.DataFrame({"input": ["in"]}), {}, {}) is None
