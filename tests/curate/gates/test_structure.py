import json

import polars as pl
import pytest

from distill.curate.gates.structure import RowTools, finish_reason, length, schema, tools
from distill.errors import SpecError

TICKET = {
    "type": "object",
    "properties": {"intent": {"enum": ["a", "b"]}, "summary": {"type": "string", "maxLength": 20}},
    "required": ["intent"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("answer", "reason", "detail"),
    [
        ('Sure: {"intent": "a"}', "not_json", "bad JSON at character 1"),
        ('```json\n{"intent": "a"}\n```', "not_json", "bad JSON"),
        ('{"intent": "a", "intent": "b"}', "not_json", "the key 'intent' appears twice"),
        ("[" * 5000, "not_json", "nested deeper"),
        ('{"intent": "c"}', "schema", "$.intent: 'c' is not one of ['a', 'b']"),
        ('{"x": 1}', "schema", "'intent' is a required property"),
        ("{}", "schema", "'intent' is a required property"),
        ('"a"', "schema", "is not of type 'object'"),
    ],
)
def test_an_answer_that_does_not_have_the_form_goes_with_the_reason(frame, answer, reason, detail):
    out = schema(frame({"answer": answer}, {"answer": '{"intent": "a"}'}), schema=TICKET)
    assert out.kept["seed_id"].to_list() == ["s01"]
    assert out.dropped["reason"][0] == reason
    assert detail in out.dropped["detail"][0]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"$ref": "https://example.com/a.json"}, "is not in the schema; copy it in"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "'file:///etc/passwd' is not in the schema"),
        ({"properties": {"intent": {"$ref": "#/$defs/none"}}}, "leads nowhere"),
        ({"type": "objekt"}, "'objekt' is not valid"),
    ],
)
def test_a_schema_is_checked_and_never_fetched(frame, bad, message):
    with pytest.raises(SpecError, match=message.replace("$", r"\$")):
        schema(frame({"answer": '{"intent": 1}'}), schema=bad)


def test_a_schema_may_refer_to_itself(frame):
    tree = {"type": "object", "additionalProperties": {"$ref": "#"}}
    deep = '{"a": ' * 60 + "{}" + "}" * 60
    out = schema(frame({"answer": deep}, {"answer": '{"a": {"b": 1}}'}), schema=tree)
    assert out.kept["seed_id"].to_list() == ["s00"]


def test_an_answer_cut_off_goes_even_if_it_is_valid(frame):
    out = finish_reason(frame({"finish_reason": "length"}, {"finish_reason": ""}, {}))
    assert out.kept["seed_id"].to_list() == ["s02"]
    assert out.dropped["detail"][0] == "ended by 'length' after 9 tokens, expected stop or tool_calls"
    assert finish_reason(frame({"finish_reason": "length"}), allowed=["length"]).kept.height == 1


def test_length_counts_characters_below_and_tokens_above(frame):
    rows = frame({"answer": " \n"}, {"completion_tokens": 51}, {"completion_tokens": 50})
    out = length(rows, max_tokens=50)
    assert out.dropped["reason"].to_list() == ["too_short", "too_long"]
    assert out.kept["seed_id"].to_list() == ["s02"]


TOOLS = [
    {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "required": ["id"]}}},
    {"type": "function", "function": {"name": "stop"}},
]


@pytest.mark.parametrize(
    ("calls", "reason", "detail"),
    [
        ([], None, ""),
        ([["look", '{"id": 1}'], ["stop", "{}"]], None, ""),
        ([["lok", "{}"]], "unknown_tool", "calls 'lok'; did you mean 'look'?"),
        ([["stop", "{}"], ["look", "{}"]], "tool_arguments", "look: $: 'id' is a required property"),
        ([["look", '{"id": 1']], "tool_arguments", "look: not JSON"),
    ],
)
def test_a_call_names_a_known_tool_with_arguments_that_fit(frame, calls, reason, detail):
    out = tools(frame({"answer": "", "tool_calls": json.dumps(calls) if calls else ""}), tools=TOOLS)
    assert out.dropped["reason"].to_list() == ([reason] if reason else [])
    assert all(detail in said for said in out.dropped["detail"])


def test_a_call_stands_for_the_answer_where_one_is_required_it_is_missed(frame):
    """A call has no text for the schema and the length to look at; `required` misses one."""
    row = frame({"answer": "", "tool_calls": '[["stop", "{}"]]'})
    assert schema(row, schema={"type": "object"}).kept.height == 1
    assert length(row).kept.height == 1
    assert tools(frame({}), tools=TOOLS, required=True).dropped["reason"].to_list() == ["no_call"]


def test_a_row_with_tools_of_its_own_is_held_against_those(frame):
    own = RowTools({"s0": json.dumps([{"type": "function", "function": {"name": "find"}}])})
    rows = frame(*[{"answer": "", "tool_calls": json.dumps([["find", "{}"]])}] * 2).with_columns(
        seed_id=pl.Series(["s0", "s1"])
    )
    assert tools(rows, tools=TOOLS, own=own).dropped["row"].to_list() == ["s1"]
