"""Which answers of a run make a preference pair, and why others make none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.curate.leaks import HeldOut
from distill.curate.selection.pairs import WITHOUT, PairsFound, find
from distill.tables.outcome import dropped_frame

Frame = Callable[..., pl.DataFrame]
KEY = "sk-proj-abcdefghijklmnopqrstuvwx"


@pytest.fixture(scope="session")
def made(frame: Frame) -> Callable[..., tuple[pl.DataFrame, pl.DataFrame]]:
    """samples.parquet and dropped.parquet of answers to seed s: each row's own values, with `why` (stage, reason) of a drop."""

    def make(*rows: dict[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
        given = [{"seed_id": "s", "draw": n, **row} for n, row in enumerate(rows)]
        samples = frame(*({k: v for k, v in row.items() if k not in ("why", "judge", "schema")} for row in given))
        samples = samples.with_columns(
            score_judge=pl.Series([row.get("judge") for row in given], dtype=pl.Float64),
            score_schema=pl.Series([row.get("schema", 1.0) for row in given], dtype=pl.Float64),
            fate=pl.Series(["dropped" if "why" in row else "train" for row in given]),
            request_id=pl.Series([f"r-{row['seed_id']}-{row['draw']}" for row in given]),
        )
        drops = [(r["seed_id"], f"r-{r['seed_id']}-{r['draw']}", "a", *r["why"], "") for r in given if "why" in r]
        return samples, dropped_frame(drops)

    return make


def answer(mood: str, **own: Any) -> dict[str, Any]:
    return {"answer": f'{{"mood": "{mood}"}}', **own}


KEPT = answer("glad", judge=0.9, score=0.95)
ANOTHER = ("dedup", "another_answer")


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (answer("cross", judge=0.4, score=0.7, why=ANOTHER), "judge: 0.90 against 0.40; dropped by dedup: another_answer"),
        (answer("cross", judge=0.8, score=0.9, why=ANOTHER), "near_tie"),
        ({"answer": "well…", "schema": 0.0, "why": ("schema", "not_json")}, "schema: 1.00 against 0.00; dropped by schema: not_json"),
        (answer("cross", judge=0.9, score=0.95, why=("vote", "outvoted")), "dropped by vote: outvoted"),
        ({"answer": ' {"mood":"glad"}', "judge": 0.2, "why": ANOTHER}, "same_answer"),
        ({"answer": " ", "schema": 0.0, "why": ("schema", "not_json")}, "must_not_train"),
        ({"answer": f"my key is {KEY}", "schema": 0.0, "why": ("schema", "not_json")}, "must_not_train"),
        (answer("cross", judge=0.1, why=("leaks", "shares_13_gram")), "must_not_train"),
    ],
)  # fmt: skip
def test_one_kept_answer_and_another(made: Any, other: dict[str, Any], found: str) -> None:
    pairs = find(*made(KEPT, other))
    if found in WITHOUT:
        assert (dict(pairs.pairs), dict(pairs.without)) == ({}, {found: 1})
        return
    pair = pairs.pairs["s"]
    assert pair.reason == found
    assert (pair.chosen, pair.rejected, pair.fate) == ("r-s-0", "r-s-1", "train")
    assert pair.rejected_answer == other["answer"]


def test_gates_that_disagree_make_no_pair(made: Any) -> None:
    worse_and_better = answer("cross", judge=0.4, schema=1.0, why=ANOTHER)
    pairs = find(*made({**KEPT, "schema": 0.5}, worse_and_better))
    assert dict(pairs.without) == {"near_tie": 1}


def test_the_margin_decides_what_is_a_near_tie(made: Any) -> None:
    tables = made(KEPT, answer("cross", judge=0.8, why=ANOTHER))
    assert dict(find(*tables, margin=0.2).pairs) == {}
    assert list(find(*tables, margin=0.05).pairs) == ["s"]


def test_of_several_worse_answers_the_worst_is_rejected(made: Any) -> None:
    rows = [KEPT, *(answer(mood, judge=judge, why=ANOTHER) for mood, judge in (("a", 0.5), ("b", 0.1), ("c", 0.3)))]
    assert find(*made(*rows)).pairs["s"].rejected == "r-s-2"


def test_a_gold_answer_stands_above_what_a_judge_refused(made: Any) -> None:
    gold = answer("glad", teacher=-1, kind=None, judge=None)
    pair = find(*made(gold, answer("cross", judge=0.3, why=("judge", "below")))).pairs["s"]
    assert pair.scores == {"judge": (1.0, 0.3)}


def test_an_answer_that_repeats_a_test_row_makes_no_pair(made: Any) -> None:
    """An early gate dropped it, so the leak check never saw it."""
    passage = " ".join(f"word{n}" for n in range(14))
    tables = made(KEPT, {"answer": f"as they say {passage}", "schema": 0.0, "why": ("schema", "not_json")})
    assert list(find(*tables).pairs) == ["s"]
    assert dict(find(*tables, held_out=[HeldOut("t", passage)]).without) == {"must_not_train": 1}


def test_an_answer_that_names_a_person_makes_no_pair_where_such_rows_do_not_train(made: Any) -> None:
    tables = made(KEPT, {"answer": "write to anna.lee@acme.com", "schema": 0.0, "why": ("schema", "not_json")})
    assert list(find(*tables).pairs) == ["s"]
    assert dict(find(*tables, persons=True).without) == {"must_not_train": 1}


def test_seeds_outside_of_the_dataset_make_none(made: Any) -> None:
    pairs = find(*made({**KEPT, "why": ("balance", "over_quota")}, answer("cross", judge=0.1, why=ANOTHER)))
    assert (dict(pairs.pairs), dict(pairs.without)) == ({}, {})


OTHERS = st.lists(
    st.tuples(st.sampled_from(["glad", "cross", ""]), st.sampled_from([None, 0.1, 0.5, 0.9]), st.sampled_from([ANOTHER, ("leaks", "x")])),
    max_size=4,
)  # fmt: skip


@given(st.lists(OTHERS, max_size=6))
def test_pairs_and_the_reasons_for_none_add_up_to_the_dataset(made: Any, seeds: list[Any]) -> None:
    rows = []
    for n, others in enumerate(seeds):
        rows.append({**KEPT, "seed_id": f"s{n}", "draw": 0})
        rows += [
            answer(mood, judge=judge, seed_id=f"s{n}", draw=draw, why=why)
            for draw, (mood, judge, why) in enumerate(others, 1)
        ]
    samples, dropped = made(*rows)
    found: PairsFound = find(samples, dropped)
    assert len(found.pairs) + sum(found.without.values()) == len(seeds)
    assert find(samples.reverse(), dropped.reverse()) == found
