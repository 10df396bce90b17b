import json
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.curate.selection.balance import Wanted, balance, choose
from distill.records import GOLD
from distill.tables.outcome import ordered


def test_the_best_of_a_stratum_stay_up_to_its_quota_and_others_are_not_limited(frame):
    rows = [{"stratum": "a", "score": score} for score in (0.1, 0.9, None, 0.5)]
    out = balance(frame(*rows, {"stratum": "b"}), Wanted(quotas={"a": 2}))
    assert out.kept["seed_id"].to_list() == ["s01", "s03", "s04"]
    assert out.dropped.select("row", "reason", "detail").rows() == [
        ("s00", "over_quota", "quota of a: 2 of 4; place 3 by score, others add more variety"),
        ("s02", "over_quota", "quota of a: 2 of 4; place 4 by score, others add more variety"),
    ]


def test_equal_scores_are_settled_by_content_and_not_by_the_order_of_ids(frame):
    kept = balance(frame(*[{}] * 40), Wanted(quotas={"a": 20})).kept["seed_id"].to_list()
    assert len(kept) == 20
    assert kept != [f"s{i:02}" for i in range(20)]


def test_a_floor_picks_its_rows_before_better_ones(frame):
    calm = [{"labels": '{"tone":"calm"}', "score": 0.9}] * 4
    rude = [{"labels": '{"tone":"rude"}', "score": score} for score in (0.1, 0.3, 0.2)]
    rows = frame(*calm, *rude)
    kept = balance(rows, Wanted(quotas={"a": 4}, floors=[({"tone": "rude"}, 2)])).kept["seed_id"].to_list()
    assert {"s05", "s06"} <= set(kept)
    assert len(kept) == 4


def test_a_row_counts_for_every_floor_it_belongs_to(frame):
    both = {"labels": '{"style":"odd","tone":"rude"}', "score": 0.1}
    plain = {"labels": '{"style":"plain","tone":"calm"}', "score": 0.9}
    floors = [({"tone": "rude"}, 1), ({"style": "odd"}, 1)]
    out = balance(frame(both, plain, both), Wanted(quotas={"a": 2}, floors=floors))
    assert "s01" in out.kept["seed_id"].to_list()


def test_a_drop_by_score_says_its_place_and_when_only_a_hash_chose(frame):
    rows = [{"score": score} for score in (0.9, 0.9, 0.9, 0.2)]
    details = balance(frame(*rows), Wanted(quotas={"a": 2}, by="score")).dropped["detail"].to_list()
    assert sorted(details) == [
        "quota of a: 2 of 4; place 1 by score, a hash chose among equals",
        "quota of a: 2 of 4; place 4 by score",
    ]


KINDS = [
    "{n} Bitte kündigen Sie meinen Vertrag zum Monatsende, Kundennummer {n}.",
    "- lamp {n}\n- kettle {n}\n- the footstool\nwhich of these are in stock?",
    "ugh",
    "I write a column on small-space gardening for a regional magazine, and hoped that someone at your press office would "
    "talk to me about balconies for about {n} minutes next week; any day but Thursday would do, mornings if possible.",
]


def planted(frame, *, odd_score=0.9):
    """200 rows of one stratum: nine tenths ask for their kettle, the rest are of four other kinds."""
    mode = [{"input": f"where is my kettle, order {1000 + n}", "score": 1.0, "model": "mode"} for n in range(180)]
    odd = [
        {"input": kind.format(n=n) + "!" * n, "score": odd_score, "model": f"kind {k}"}
        for k, kind in enumerate(KINDS)
        for n in range(5)
    ]
    return frame(*mode, *odd)


def test_a_choice_for_variety_covers_every_kind_where_scores_see_only_the_common_one(frame):
    rows = planted(frame)
    kinds = [set(balance(rows, Wanted(quotas={"a": 10}, by=by)).kept["model"]) for by in ("diverse", "score")]
    assert kinds == [{"mode", "kind 0", "kind 1", "kind 2", "kind 3"}, {"mode"}]


def test_variety_and_score_are_weighed(frame):
    """With no weight on variety the choice is that of the scores; with all of it scores do not matter."""
    rows = planted(frame)
    ids = lambda **how: balance(rows, Wanted(quotas={"a": 10}, **how)).kept["seed_id"].to_list()  # noqa: E731 - said once, used often
    assert set(balance(rows, Wanted(quotas={"a": 10}, weight=0.0)).kept["model"]) == {"mode"}
    assert (
        ids(weight=1.0)
        == balance(planted(frame, odd_score=0.1), Wanted(quotas={"a": 10}, weight=1.0)).kept["seed_id"].to_list()
    )


def test_of_twins_the_better_is_kept(frame):
    """Two rows of each kind, one of them with a low score: variety is the same either way, so the score decides."""
    texts = [kind.format(n=7) for kind in KINDS]
    rows = frame(*({"input": text, "score": score} for text in texts for score in (0.3, 0.8)))
    kept = balance(rows, Wanted(quotas={"a": 4})).kept
    assert sorted(kept["input"]) == sorted(texts)
    assert kept["score"].to_list() == [0.8] * 4


def test_rows_of_an_edge_case_are_as_various(frame):
    """Of an edge case's rows, too, those that are kept are not all of its commonest kind, and the rest goes round them."""
    rows = planted(frame).to_dicts()
    labels = {True: json.dumps({"tone": "rude"}), False: json.dumps({"tone": "calm"})}
    made = [{**row, "labels": labels[row["model"] in ("kind 0", "kind 1") or n < 40]} for n, row in enumerate(rows)]
    only = balance(frame(*made), Wanted(quotas={"a": 3}, floors=[({"tone": "rude"}, 3)])).kept
    assert set(only["model"]) == {"mode", "kind 0", "kind 1"}
    more = balance(frame(*made), Wanted(quotas={"a": 8}, floors=[({"tone": "rude"}, 3)])).kept
    assert set(only["seed_id"]) <= set(more["seed_id"])
    assert set(more["model"]) == {"mode", "kind 0", "kind 1", "kind 2", "kind 3"}


@pytest.mark.parametrize("by", ["diverse", "score"])
def test_the_order_of_rows_and_what_another_stratum_holds_change_nothing(frame, by):
    rows = planted(frame)
    kept = balance(rows, Wanted(quotas={"a": 12}, by=by)).kept
    order = list(range(rows.height))
    random.Random(4).shuffle(order)
    others = frame(*({"seed_id": f"z{n}", "stratum": "b", "input": f"hello {n}"} for n in range(30)))
    both = balance(rows[order].vstack(others), Wanted(quotas={"a": 12, "b": 3}, by=by)).kept
    assert both.filter(stratum="a").equals(kept)
    assert both.filter(stratum="b").height == 3


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(["diverse", "score"]), st.integers(3, 20), st.integers(0, 3), st.booleans(), st.randoms())
def test_where_rows_are_lost_the_others_stay_and_spare_ones_fill_the_gaps(frame, by, quota, floor, approved, chance):
    """Quota and floor hold again; without a floor every other row stays; a stratum that lost nothing is as it was."""
    tones = ('{"tone":"calm"}', '{"tone":"rude"}')
    made = [
        {**row, "labels": tones[n % 5 == 0], "teacher": GOLD if approved and n % 30 == 0 else 0}
        for n, row in enumerate(planted(frame).to_dicts())
    ]
    others = [{**row, "seed_id": f"z{n}", "stratum": "b", "labels": tones[0]} for n, row in enumerate(made)]
    rows = ordered(frame(*made, *others))
    wanted = Wanted({"a": quota, "b": quota}, [({"tone": "rude"}, floor)] if floor else [], by)
    first, of_a = choose(rows, wanted).picked, (rows["stratum"] == "a").to_numpy()
    kept = np.flatnonzero(first & of_a).tolist()
    lost = np.array(sorted(chance.sample(kept, chance.randint(1, len(kept)))))
    again = choose(rows, wanted, lost, first).picked
    assert not again[lost].any()
    assert again[of_a].sum() == quota
    assert (again[~of_a] == first[~of_a]).all()
    assert (again & (rows["labels"] == tones[1]).to_numpy()).sum() >= floor
    if not floor:
        assert again[np.setdiff1d(kept, lost)].all()
    if by == "score" and not floor:
        assert (again == choose(rows, wanted, lost).picked).all()


def test_the_report_says_how_far_apart_the_rows_are_beside_a_choice_by_hash(frame):
    """A choice for variety is further apart than one by hash; by score, where nine tenths are one kind, it is not."""
    rows = planted(frame)
    diverse, score = (balance(rows, Wanted(quotas={"a": 10}, by=by)).report["spread"] for by in ("diverse", "score"))
    assert diverse["rows"] == score["rows"] == 10
    assert diverse["by_hash"] == score["by_hash"]
    assert diverse["chosen"] > 1.5 * diverse["by_hash"]
    assert score["chosen"] <= score["by_hash"]
    assert "spread" not in balance(rows, Wanted(quotas={"a": 200})).report
