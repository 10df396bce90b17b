"""Old and new answers of a row: the same in value, or not, and who has the known answer."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from distill.pipeline.open_task import open_task
from distill.plan.refresh.answers import AnswerChange, compared
from distill.records import Answer, Ended, ToolCall


def said(text: str, *calls: ToolCall) -> Answer:
    return Answer("r", Ended.OK, text, "stop", tool_calls=calls)


def pair(task: Path, old: Answer, new: Answer, gold: object = None, *sets: str) -> AnswerChange:
    rows = pl.DataFrame(
        {"seed_id": ["s"], "input": ["What a day."], "gold": [json.dumps(gold) if gold else None]},
        schema_overrides={"gold": pl.String},
    )
    return compared(open_task(task, overrides=sets, env={}), rows, {"s": old}, {"s": new})[0]


@pytest.mark.parametrize(
    ("old", "new", "differs"),
    [
        ('{"mood": "glad"}', '{"mood":"glad"}', False),
        ('{"mood": "glad"}', '{"mood": "cross"}', True),
        ('{"mood": "glad"}', "glad, I would say", True),
    ],
)
def test_values_are_compared_and_not_spellings(task: Path, old: str, new: str, differs: bool) -> None:
    assert pair(task, said(old), said(new)) == AnswerChange("s", differs, None)


@pytest.mark.parametrize(("gold", "known"), [("glad", "old"), ("cross", "new")])
def test_a_known_answer_says_who_is_right(task: Path, gold: str, known: str) -> None:
    found = pair(task, said('{"mood": "glad"}'), said('{"mood": "cross"}'), {"mood": gold})
    assert (found.differs, found.known) == (True, known)


def test_tool_calls_are_compared_by_their_arguments(task: Path) -> None:
    one, same, other = (ToolCall("find", text) for text in ('{"n": 1}', '{"n":1}', '{"n": 2}'))
    assert not pair(task, said("", one), said("", same)).differs
    assert pair(task, said("", one), said("", other)).differs


def test_free_text_in_other_words_is_the_same_answer_where_it_is_alike(task: Path) -> None:
    """Without a schema an answer is text, of which many wordings are right."""
    old = "Thank you for writing to us; the refund of your order is on its way and takes five days."
    alike = "Thank you for writing to us; your order's refund is on its way and will take five days."
    for text, differs in ((alike, False), ("We have no record of any such purchase, sorry.", True)):
        assert pair(task, said(old), said(text), None, "teacher.output=null", "seeds.gold=null").differs == differs


def test_a_row_that_one_side_did_not_answer_is_no_pair(task: Path) -> None:
    rows = pl.DataFrame({"seed_id": ["s"], "input": ["x"], "gold": [None]}, schema_overrides={"gold": pl.String})
    assert compared(open_task(task, env={}), rows, {"s": said("x")}, {}) == []
