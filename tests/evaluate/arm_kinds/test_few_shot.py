"""The base with examples: which rows are shown, in which order, and how many."""

from __future__ import annotations

import json

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from distill.chat import templates
from distill.evaluate.arm_kinds import few_shot
from distill.text import tokens

PROMPT = templates.parse("Say the mood.\n[user]\n{{message}}\n", "student.md")
TEXTS = ["the parcel is late again", "the parcel is late", "thank you so much", "please cancel my order", "the parcel"]


def samples(texts: list[str] = TEXTS, fate: str = "train", calls: str = "") -> pl.DataFrame:
    """Rows of samples.parquet, whose answers count them."""
    return pl.DataFrame(
        {
            "seed_id": [f"{n:02d}" for n in range(len(texts))],
            "fate": [fate] * len(texts),
            "input": texts,
            "prompt": [json.dumps(PROMPT.fill({"message": text})) for text in texts],
            "answer": [f"answer {n}" for n in range(len(texts))],
            "tool_calls": [calls] * len(texts),
        }
    )


def rows_of(*texts: str) -> pl.DataFrame:
    return pl.DataFrame({"input": list(texts), "fields": [json.dumps({"message": text}) for text in texts]})


def test_the_nearest_row_stands_last_and_the_system_turn_first() -> None:
    examples = few_shot.examples_of(samples(), count=2, room=4000)
    [turns] = examples.conversations(PROMPT, rows_of("the parcel is late now"))
    assert [turn["role"] for turn in turns] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert [turn["content"] for turn in turns][1:5] == [TEXTS[0], "answer 0", TEXTS[1], "answer 1"]
    assert turns[-1]["content"] == "the parcel is late now"


def test_only_rows_that_train_and_call_no_tool_are_shown() -> None:
    for rows in (samples(fate="valid"), samples(fate="dropped"), samples(calls='[["a", "{}"]]')):
        [turns] = few_shot.examples_of(rows, count=2, room=4000).conversations(PROMPT, rows_of("the parcel"))
        assert len(turns) == 2


@given(st.integers(0, 200))
def test_what_does_not_fit_is_left_out_the_farthest_first(room: int) -> None:
    """The prompt alone may be longer than the room: then nothing is shown, and it is sent as it stands."""
    examples = few_shot.examples_of(samples(), count=4, room=room)
    [turns] = examples.conversations(PROMPT, rows_of("the parcel is late"))
    shown = [turn["content"] for turn in turns if turn["role"] == "user"][:-1]
    near = ["the parcel is late", "the parcel is late again", "the parcel"]
    assert list(reversed(shown))[:3] == near[: len(shown)]
    assert len(turns) == 2 or tokens.count_messages(turns) <= room


def test_before_there_are_answers_the_longest_rows_stand_for_those_that_will_be_shown() -> None:
    seeds = pl.DataFrame({"input": TEXTS, "fields": [json.dumps({"message": text}) for text in TEXTS]})
    dearest = few_shot.longest(seeds, PROMPT, count=2, room=4000, answer=30)
    [turns] = dearest.conversations(PROMPT, rows_of("x"))
    assert {turn["content"] for turn in turns if turn["role"] == "user"} == {TEXTS[0], TEXTS[3], "x"}
    cut = few_shot.longest(seeds, PROMPT, count=2, room=80, answer=30)
    assert len(cut.conversations(PROMPT, rows_of("x"))[0]) == 4
