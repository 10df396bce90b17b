"""Approved rows: gates look at them, only the private ones judge, and they win against a teacher's answer."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.curate import approved
from distill.curate.dedup.duplicates import duplicates
from distill.curate.selection.balance import Wanted, balance
from distill.records import GOLD, ToolCall
from distill.seeds.approved import as_answer
from distill.tables.remaining import RemainingRows

GATES = [("length", {"max_tokens": 5}), ("finish_reason", {}), ("secrets", {}), ("pii", {"action": "mask"})]


def test_what_a_gate_would_drop_is_flagged_and_stays(frame):
    """Two gates may flag one row; only a secret goes, and what names a person is masked first, wherever the gates stand."""
    rows = frame(
        {"teacher": GOLD, "completion_tokens": 9, "finish_reason": "length"},
        {"teacher": GOLD, "completion_tokens": 2, "answer": "write to jo@kettles.com"},
        {"teacher": GOLD, "completion_tokens": 2, "answer": "password: hunter2hunter2"},
    )
    left = RemainingRows(rows)
    flagged = approved.check(left, GATES)
    (gold,), kept = left.losses, left.take()
    assert kept["seed_id"].to_list() == ["s00", "s01"]
    assert kept["answer"][1] == "write to [email]"
    assert gold.dropped.select("row", "stage", "reason").rows() == [("s02", "gold", "secret")]
    assert gold.report == {"stage": "gold", "in": 3, "kept": 2, "dropped": {"secret": 1}}
    assert flagged.select("row", "stage", "reason").rows() == [
        ("s00", "finish_reason", "finish_reason"),
        ("s00", "length", "too_long"),
    ]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from(["glad", "sk-" + "a1" * 20, "me@x.com"])), max_size=8))
def test_kept_and_dropped_are_the_approved_rows_and_a_second_look_drops_none(frame, rows):
    """Whatever the gates say, nothing vanishes; flags name rows that were kept."""
    made = frame(*({"teacher": GOLD, "completion_tokens": n, "answer": text} for n, text in rows))
    left = RemainingRows(made)
    flagged = approved.check(left, [("length", {"max_tokens": 4}), ("secrets", {}), ("pii", {"action": "drop"})])
    rows_kept = left.take()
    kept, gone = set(rows_kept["seed_id"]), set(left.losses[0].dropped["row"])
    assert kept | gone == set(made["seed_id"])
    assert kept.isdisjoint(gone)
    assert set(flagged["row"]) <= kept
    assert {row for row, score in rows_kept.select("seed_id", "score_length").iter_rows() if score < 1} == set(
        flagged["row"]
    )
    again = RemainingRows(rows_kept)
    approved.check(again, [("secrets", {}), ("pii", {"action": "drop"})])
    assert again.losses[0].dropped.height == 0


@pytest.mark.parametrize("on_conflict", ["keep", "abstain"])
def test_a_gold_row_wins_against_a_teachers_answer_to_a_near_input(frame, on_conflict):
    """Whatever the scores and ids; a contradicted teacher goes alone, also where conflicts drop both."""
    rows = frame(
        {"seed_id": "a", "score": 1.0, "answer": '{"intent":"refund"}'},
        {"seed_id": "b", "score": 0.0, "teacher": GOLD},
    )
    found = duplicates(rows, near=0.9, compare=["intent"], on_conflict=on_conflict)
    assert found.kept["seed_id"].to_list() == ["b"]
    assert found.dropped.select("row", "reason").rows() == [("a", "conflict")]
    assert "the gold answer of b" in found.dropped["detail"][0]


def test_a_quota_is_filled_with_approved_rows_first(frame):
    """They count toward it, and a teacher's answer with a better score goes before they do."""
    rows = frame({"score": 1.0}, {"score": 0.0, "teacher": GOLD}, {"score": None, "teacher": GOLD})
    assert balance(rows, Wanted(quotas={"a": 2})).kept["seed_id"].to_list() == ["s01", "s02"]


@pytest.mark.parametrize(
    ("gold", "fields", "said"),
    [
        ({"answer": "It left."}, [], ("It left.", ())),
        ({"answer": 7}, [], ("7", ())),
        ({"answer": "a"}, ["answer"], ('{"answer": "a"}', ())),
        ({"b": 1, "a": "é", "z": 2}, ["z", "a"], ('{"z": 2, "a": "é", "b": 1}', ())),
        (
            {"content": None, "tool_calls": [{"name": "find", "arguments": {"id": 3}}]},
            [],
            ("", (ToolCall("find", '{"id":3}'),)),
        ),
        ({"tool_calls": "none"}, [], ('{"tool_calls": "none"}', ())),
    ],
)
def test_a_known_answer_is_spelt_as_a_teacher_would(gold, fields, said):
    """Plain text stays text, objects are in the order of the schema, logged calls are calls."""
    assert as_answer(gold, fields=fields) == said


def test_an_empty_table_is_taken(frame):
    """A task without approved rows."""
    left = RemainingRows(frame())
    flagged = approved.check(left, GATES)
    assert (left.take().height, flagged.height) == (0, 0)
    assert isinstance(flagged, pl.DataFrame)
