"""Logged chats as seeds."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distill.errors import SpecError
from distill.seeds.chat_logs.chats import row_of
from distill.seeds.load import columns, read
from distill.seeds.rows_to_seeds import SeedColumns

ASKED = [{"role": "user", "content": "Where is my kettle?"}]
CALL = {"id": "1", "type": "function", "function": {"name": "look", "arguments": '{"id": 1}'}}
SHAREGPT = [
    {"from": "system", "value": "Be kind."},
    {"from": "human", "value": "Where is my kettle?"},
    {"from": "gpt", "value": "Here."},
]
SPOKEN = {"content": None, "tool_calls": [{"name": "look", "arguments": {"id": 1}}]}


@pytest.mark.parametrize(
    ("row", "system", "reply"),
    [
        ({"messages": [{"role": "system", "content": "Be kind."}, *ASKED, {"role": "assistant", "content": "Here."}]}, "Be kind.", "Here."),
        ({"conversations": SHAREGPT}, "Be kind.", "Here."),
        ({"instruction": "Where is my kettle?", "input": "", "output": "Here."}, "", "Here."),
        ({"messages": ASKED}, "", None),
        ({"messages": [*ASKED, {"role": "assistant", "content": None, "tool_calls": [CALL]}]}, "", SPOKEN),
    ],
)  # fmt: skip
def test_every_shape_becomes_the_same_columns(row, system, reply):
    found = row_of(row | {"id": 7})
    assert found == {"id": 7, "messages": ASKED, "system": system, "reply": reply}


def test_earlier_answers_stay_in_the_conversation():
    turns = [*ASKED, {"role": "assistant", "content": "Which?"}, {"role": "user", "content": "The red one."}]
    found = row_of({"messages": [*turns, {"role": "assistant", "content": "Here."}]})
    assert (found["messages"], found["reply"]) == (turns, "Here.")


def test_an_instruction_and_its_input_are_one_question():
    assert (
        row_of({"instruction": "Translate.", "input": "lamp", "output": "Lampe"})["messages"][0]["content"]
        == "Translate.\n\nlamp"
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"text": "hi"}, r"no chat: expected messages \(OpenAI\).*found text"),
        ({"messages": [{"role": "assistant", "content": "hi"}]}, "nothing was asked"),
        ({"conversations": [{"from": "alien", "value": "hi"}]}, "turn 1: `from` is one of human"),
        ({"conversations": ["hi"]}, "turn 1: `from` is one of"),
        ({"messages": [{"role": "user", "content": [1]}]}, "the content is a JSON list, expected text"),
        ({"instruction": " ", "output": "x"}, "the instruction is empty"),
    ],
)
def test_what_is_no_chat_says_what_was_expected(row, said):
    with pytest.raises(ValueError, match=said):
        row_of(row)


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["messages", "conversations", "instruction", "role", "from", "value", "content"]), inner
        )
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["messages", "conversations", "instruction", "input", "output"]), JSON))
def test_any_row_is_a_chat_or_a_value_error(row):
    try:
        found = row_of(row)
    except ValueError:
        return
    assert found["messages"]


def test_a_log_is_read_with_its_faults_by_line(tmp_path):
    path = tmp_path / "log.jsonl"
    good = {"messages": [*ASKED, {"role": "assistant", "content": "Here."}], "kind": "a"}
    path.write_text("".join(json.dumps(row) + "\n" for row in (good, {"messages": []}, good | {"kind": "b"})))
    columns_ = SeedColumns(variables=["messages"], chats={"messages": True}, labels=["kind"], gold="reply", logged=True)
    assert columns([path], logged=True) == ["kind", "messages", "system", "reply"]
    with pytest.raises(SpecError, match=r"log\.jsonl:2: a conversation is a list of turns"):
        read([path], columns_)
    seeds, dropped = read([path], columns_, strict=False)
    assert [dict(seed.gold or {}) for seed in seeds] == [{"answer": "Here."}] * 2
    assert [seed.labels["kind"] for seed in seeds] == ["a", "b"]
    assert dropped.height == 1
