"""What may not train."""

from collections.abc import Mapping, Sequence

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.curate import preflight
from distill.errors import GateNotMet
from distill.student.stage import enough
from distill.tables.outcome import Outcome


def words(messages: Sequence[Mapping[str, str]]) -> int:
    return sum(len(f"{turn['content']} {turn.get('reasoning_content', '')}".split()) for turn in messages)


def check(answers: Sequence[str], *, thoughts: Sequence[str] = (), **settings: int) -> Outcome:
    frame = pl.DataFrame({"seed_id": [f"s{n:03}" for n in range(len(answers))], "answer": answers}).with_columns(
        draw=pl.lit(0),
        request_id=pl.lit("r"),
        stratum=pl.lit("all"),
        prompt=pl.lit('[{"role": "system", "content": "Name it."}, {"role": "user", "content": "hi"}]'),
        tool_calls=pl.lit(""),
        reasoning=pl.Series([*thoughts, *[""] * (len(answers) - len(thoughts))], dtype=pl.String),
    )
    given = {"context": 8} | settings
    return preflight.check(frame, count=words, markup=["<|im_end|>"], **given)


def test_each_unfit_row_is_named_with_its_reason() -> None:
    outcome = check(["fine", "one two three four five six", " \n", "a <|im_end|> b"])
    assert outcome.kept["answer"].to_list() == ["fine"]
    assert outcome.dropped.select("row", "reason", "detail").rows() == [
        ("s001", "over_context", "9 tokens, the base reads 8"),
        ("s002", "empty_answer", "the answer has no text"),
        ("s003", "chat_markup", "holds '<|im_end|>', a token of the chat template"),
    ]
    assert outcome.report["tokens"] == 4
    assert outcome.report["longest"] == 4


@given(st.lists(st.sampled_from(["a", "", "b " * 9, "<|im_end|>"]), min_size=1))
def test_rows_are_kept_whole_or_dropped(answers: list[str]) -> None:
    outcome = check(answers)
    assert outcome.kept.height + outcome.dropped.height == len(answers)
    assert set(outcome.kept["answer"]) <= {"a"}


def test_fewer_rows_than_a_tuner_takes_says_what_went() -> None:
    enough(10)
    with pytest.raises(GateNotMet, match=r"9 rows are left to train on.*at least 10"):
        enough(9)


def test_thinking_over_its_limit_is_dropped_and_holds_no_markup() -> None:
    outcome = check(["a", "b", "c"], thoughts=["one two", "one two three", "x <|im_end|>"], reasoning=2, context=20)
    assert outcome.kept["answer"].to_list() == ["a"]
    assert outcome.dropped.select("row", "reason", "detail").rows() == [
        ("s001", "over_reasoning", "3 tokens of thinking, teacher.reasoning_tokens allows 2"),
        ("s002", "chat_markup", "holds '<|im_end|>', a token of the chat template"),
    ]
    assert check(["a"], thoughts=["one two three"], context=20).kept.height == 1
