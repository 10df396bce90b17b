"""Logged chats in the shapes that people have: what is asked, what counts as the known answer, and what is refused by name."""

import json
from collections import Counter
from dataclasses import replace

import polars as pl
import pytest

from distill.chat import conversation
from distill.errors import SpecError
from distill.seeds.chat_logs.chats import UNKNOWN, UNSENT, row_of
from distill.seeds.load import read
from distill.seeds.rows_to_seeds import SeedColumns

USER = {"role": "user", "content": "Where is it?"}
SAID = {"role": "assistant", "content": "Here."}
FUNCTION = {
    "name": "look",
    "description": "Looks.",
    "parameters": {"type": "object", "properties": {"id": {"type": "integer"}}},
}
TOOL = {"type": "function", "function": FUNCTION}
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"id":1}'}}
CALLED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
GIVEN = {"role": "tool", "content": "a kettle", "tool_call_id": "c1"}


def made(call_id="call_0", content=None, arguments='{"id":1}'):
    """The turns of a call and its result, as they are sent."""
    call = CALL | {"id": call_id, "function": {"name": "look", "arguments": arguments}}
    return [CALLED | {"content": content, "tool_calls": [call]}, GIVEN | {"tool_call_id": call_id}]


def part(text, **more):
    return {"type": "text", "text": text} | more


@pytest.mark.parametrize(
    ("row", "turns", "system", "reply"),
    [
        ({"messages": [{"role": "user", "content": [part("Where"), part("is it?")]}, SAID]}, [USER | {"content": "Where\nis it?"}], "", "Here."),
        ({"messages": [{"role": "user", "content": [{"type": "text", "value": "Where is it?"}]}, SAID]}, [USER], "", "Here."),
        ({"messages": [{"role": "user", "content": [{"type": "input_text", "text": "Where is it?"}]}, SAID]}, [USER], "", "Here."),
        ({"messages": [{"role": "user", "content": ["Where is it?"]}, SAID]}, [USER], "", "Here."),
        ({"messages": [{"role": "user", "content": {"content_type": "text", "parts": ["Where is it?"]}}, SAID]}, [USER], "", "Here."),
        ({"messages": [{"role": "user", "content": part("Where is it?", cache_control={"type": "ephemeral"})}, SAID]}, [USER], "", "Here."),
        ({"messages": [USER, {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}, part("Here.")]}]}, [USER], "", "Here."),
        ({"messages": [USER, SAID | {"reasoning_content": "hm", "annotations": [], "refusal": None, "audio": None}]}, [USER], "", "Here."),
        ({"messages": [{"role": "developer", "content": "Be kind."}, USER, SAID]}, [USER], "Be kind.", "Here."),
        ({"messages": [{"role": "system", "content": [part("Be kind.")]}, USER, SAID]}, [USER], "Be kind.", "Here."),
        ({"messages": [USER | {"name": "ann"}, SAID]}, [USER | {"name": "ann"}], "", "Here."),
        ({"messages": json.dumps([USER, SAID])}, [USER], "", "Here."),
        ({"messages": [USER, CALLED, GIVEN, SAID]}, [USER, CALLED, GIVEN], "", "Here."),
        ({"messages": [USER, CALLED | {"tool_calls": [{"name": "look", "arguments": {"id": 1}}]}, {"role": "tool", "content": "a kettle"}, SAID]},
         [USER, *made()], "", "Here."),
        ({"messages": [USER, CALLED | {"tool_calls": [CALL | {"function": {"name": "look", "arguments": ""}}]}, GIVEN, SAID]},
         [USER, *made("c1", arguments="{}")], "", "Here."),
        ({"messages": [USER, CALLED | {"tool_calls": [CALL | {"function": {"name": "look", "arguments": None}}]}, GIVEN, SAID]},
         [USER, *made("c1", arguments="{}")], "", "Here."),
        ({"messages": [USER, CALLED, {"role": "tool", "tool_call_id": "c1", "content": [part("a kettle")]}, SAID]}, [USER, CALLED, GIVEN], "", "Here."),
        ({"messages": [USER, {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": '{"id":1}'}},
                       {"role": "function", "name": "look", "content": "a kettle"}, SAID]}, [USER, *made()], "", "Here."),
        ({"messages": [USER, {"role": "assistant", "content": "Let me look.", "function_call": {"name": "look", "arguments": '{"id":1}'}}]},
         [USER], "", {"content": "Let me look.", "tool_calls": [{"name": "look", "arguments": {"id": 1}}]}),
        ({"messages": [{"from": "human", "value": "Where is it?"}, {"from": "gpt", "value": "Here."}]}, [USER], "", "Here."),
        ({"conversations": [USER, SAID]}, [USER], "", "Here."),
        ({"conversation": [["Hello?", "Hi."], ["Where is it?", "Here."]]},
         [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hi."}, USER], "", "Here."),
        ({"conversations": [{"from": "human", "value": "Where is it?"}, {"from": "function_call", "value": '{"name": "look", "arguments": {"id": 1}}'},
                            {"from": "observation", "value": "a kettle"}, {"from": "gpt", "value": "Here."}]}, [USER, *made()], "", "Here."),
        ({"conversations": [{"from": "human", "value": "Where is it?"}, {"from": "gpt", "value": "Let me look."},
                            {"from": "tool_call", "value": [{"name": "look", "arguments": {"id": 1}}]}, {"from": "tool", "value": "a kettle"},
                            {"from": "gpt", "value": "Here."}]}, [USER, *made(content="Let me look.")], "", "Here."),
        ({"conversations": [{"from": "human", "value": "Where is it?"}, {"from": "gpt", "value": "Here."}], "system": "Be kind."}, [USER], "Be kind.", "Here."),
        ({"contents": [{"role": "user", "parts": [{"text": "Where is it?"}]}, {"role": "model", "parts": [{"text": "Here."}]}],
          "systemInstruction": {"parts": [{"text": "Be kind."}]}}, [USER], "Be kind.", "Here."),
        ({"contents": [{"role": "user", "parts": [{"text": "Where is it?"}]}, {"role": "model", "parts": [{"functionCall": {"name": "look", "args": {"id": 1}}}]},
                       {"role": "user", "parts": [{"functionResponse": {"name": "look", "response": "a kettle"}}]}, {"role": "model", "parts": [{"text": "Here."}]}]},
         [USER, *made()], "", "Here."),
        ({"system": "Be kind.", "messages": [USER, {"role": "assistant", "content": [part("Let me look."), {"type": "tool_use", "id": "c1", "name": "look",
                                                                                                             "input": {"id": 1}}]},
                                             {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": [part("a kettle")]}]}, SAID]},
         [USER, *made("c1", content="Let me look.")], "Be kind.", "Here."),
        ({"system": [part("Be kind.")], "messages": [USER, SAID]}, [USER], "Be kind.", "Here."),
        ({"instruction": "Where is it?", "input": "", "output": "Here.", "system": "Be kind.", "history": [["Hello?", "Hi."]]},
         [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hi."}, USER], "Be kind.", "Here."),
        ({"instruction": "Where is it?", "output": "Here.", "history": []}, [USER], "", "Here."),
        ({"prompt": "Where is it?", "completion": "Here."}, [USER], "", "Here."),
        ({"prompt": [USER], "completion": [SAID]}, [USER], "", "Here."),
        ({"prompt": "Where is it?", "response": "Here."}, [USER], "", "Here."),
        ({"question": "Where is it?", "answer": "Here."}, [USER], "", "Here."),
        ({"prompt": "Where is it?"}, [USER], "", None),
        ({"query": "Where is it?", "response": "Here."}, [USER], "", "Here."),
        ({"input": "Where is it?", "output": "Here."}, [USER], "", "Here."),
        ({"dialogue": [USER, SAID]}, [USER], "", "Here."),
        ({"instruction": "Where is it?", "output": {"place": "here"}}, [USER], "", {"place": "here"}),
        ({"prompt": "Where is it?", "completion": ["here", "there"]}, [USER], "", ["here", "there"]),
        ({"input": {"messages": [USER]}, "output": SAID}, [USER], "", "Here."),
        ({"inputs": {"messages": [USER]}, "outputs": {"messages": [SAID]}}, [USER], "", "Here."),
        ({"request": {"contents": [{"role": "user", "parts": [{"text": "Where is it?"}]}]},
          "response": {"candidates": [{"content": {"role": "model", "parts": [{"text": "Here."}]}}]}}, [USER], "", "Here."),
        ({"request": {"body": {"model": "m", "messages": [USER], "temperature": 0}}, "response": {"body": {"choices": [{"message": SAID}]}}}, [USER], "", "Here."),
        ({"custom_id": "1", "method": "POST", "body": {"messages": [USER]}}, [USER], "", None),
        ({"body": json.dumps({"messages": [USER]}), "response": json.dumps({"choices": [{"message": SAID}]})}, [USER], "", "Here."),
        ({"messages": [USER], "choices": [{"index": 0, "message": SAID}]}, [USER], "", "Here."),
        ({"messages": [USER], "completion": "Here."}, [USER], "", "Here."),
        ({"input": [{"role": "user", "content": [{"type": "input_text", "text": "Where is it?"}]},
                    {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"id":1}'},
                    {"type": "function_call_output", "call_id": "c1", "output": "a kettle"}], "instructions": "Be kind.",
          "output": [{"type": "reasoning", "summary": []}, {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Here."}]}]},
         [USER, *made("c1")], "Be kind.", "Here."),
        ({"messages": [{"type": "human", "content": "Where is it?"}, {"type": "ai", "content": "Here."}]}, [USER], "", "Here."),
        ({"messages": [{"type": "human", "data": {"content": "Where is it?"}}, {"type": "ai", "data": {"content": "Here."}}]}, [USER], "", "Here."),
        ({"inputs": {"messages": [[{"lc": 1, "id": ["langchain", "HumanMessage"], "kwargs": {"content": "Where is it?"}}]]},
          "outputs": {"generations": [[{"text": "Here.", "message": {"lc": 1, "id": ["langchain", "AIMessage"], "kwargs": {"content": "Here."}}}]]}},
         [USER], "", "Here."),
        ({"conversation": [{"human": "Where is it?", "assistant": "Here."}]}, [USER], "", "Here."),
        ({"conversations": [[USER, SAID]]}, [USER], "", "Here."),
        ({"contents": [{"parts": [{"text": "Where is it?"}]}]}, [USER], "", None),
        ({"contents": "Where is it?"}, [USER], "", None),
        ({"request_body": {"messages": [USER]}, "response_body": {"choices": [{"message": SAID}]}}, [USER], "", "Here."),
        ({"input": json.dumps([USER]), "output": json.dumps(SAID)}, [USER], "", "Here."),
        ({"instruction": "", "input": "Where is it?", "output": "Here."}, [USER], "", "Here."),
        ({"instruction": "Where is it?", "context": "In May.", "response": "Here."}, [USER | {"content": "Where is it?\n\nIn May."}], "", "Here."),
        ({"messages": [USER, CALLED | {"tool_calls": [CALL | {"function": {"name": "look", "arguments": json.dumps('{"id":1}')}}]}, GIVEN, SAID]},
         [USER, *made("c1")], "", "Here."),
        ({"messages": [USER], "choices": [{"message": SAID, "finish_reason": "length"}]}, [USER], "", None),
        ({"messages": [USER], "response": {"content": "He", "stop_reason": "max_tokens"}}, [USER], "", None),
        ({"messages": [USER, SAID | {"training": False}]}, [USER], "", None),
        ({"messages": [USER, SAID | {"masked": True}]}, [USER], "", None),
        ({"messages": [USER, SAID], "split": "train", "rejected": False, "train": True}, [USER], "", "Here."),
        ({"messages": [USER, SAID | {"weight": 1}]}, [USER], "", "Here."),
        ({"messages": [USER, SAID | {"weight": 0}, USER, SAID]}, [USER, SAID, USER], "", "Here."),
        ({"messages": [USER, SAID | {"weight": 0}]}, [USER], "", None),
        ({"messages": [USER, SAID | {"loss_weight": 0.0}]}, [USER], "", None),
        ({"conversations": [{"from": "human", "value": "Where is it?"}, {"from": "gpt", "value": "Here.", "train": False}]}, [USER], "", None),
        ({"messages": [USER, {"role": "assistant", "content": None, "refusal": "No."}]}, [USER], "", None),
        ({"messages": [USER, {"role": "assistant", "content": None, "refusal": "No."}, USER, SAID]}, [USER, SAID | {"content": "No."}, USER], "", "Here."),
    ],
)  # fmt: skip
def test_every_shape_is_read(row, turns, system, reply):
    found = row_of(row | {"ticket": 7})
    assert (found["messages"], found["system"], found["reply"], found["ticket"]) == (turns, system, reply, 7)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"messages": [{"role": "user", "content": [part("a"), {"type": "image_url", "image_url": {"url": "x"}}]}]}, "turn 1: part 2 of the content is `image_url`"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]}, "is `input_audio`; only text"),
        ({"contents": [{"role": "user", "parts": [{"inlineData": {"mimeType": "image/png"}}]}]}, "is `inlineData`"),
        ({"contents": [{"role": "user", "parts": [{"file_data": {"file_uri": "x"}}]}]}, "is `file_data`"),
        ({"messages": [USER | {"images": ["a.png"]}, SAID]}, "turn 1: `images` cannot be read"),
        ({"messages": [USER, SAID | {"audio": {"id": "a"}}]}, "turn 2: `audio` cannot be read"),
        ({"messages": [USER, SAID], "images": ["a.png"]}, "`images` holds pictures"),
        ({"conversations": [{"from": "human", "value": "<image> What?"}], "image": "a.png"}, "`image` holds a picture"),
        ({"prompt": "a", "chosen": "b", "rejected": "c"}, "`chosen` holds a pair of a good and a bad answer"),
        ({"messages": [USER, SAID], "rejected": [SAID]}, "`rejected` holds a pair"),
        ({"prompt": "a", "completion": "b", "label": False}, "its answer is a bad one"),
        ({"messages": [USER, SAID], "kto_tag": False}, "its answer is a bad one"),
        ({"messages": [USER, SAID], "label": False}, "`label` is false: its answer is a bad one"),
        ({"messages": [USER, SAID], "rejected": True}, "`rejected` is true"),
        ({"messages": [USER, SAID], "rejected_response": "There."}, "`rejected_response` holds a pair"),
        ({"messages": [USER, SAID], "train": False}, "`train` is false, so the row must not train"),
        ({"messages": [USER, SAID], "split": "test"}, "`split` is 'test', so the row must not train"),
        ({"messages": [USER, SAID], "loss_mask": [0, 1]}, "`loss_mask` says which part of a text trains"),
        ({"messages": [USER, SAID | {"mask": True}]}, "turn 2: `mask` says which part"),
        ({"messages": [USER, SAID | {"weight": 0.5}]}, "turn 2: `weight` is '0.5'; only 0 and 1"),
        ({"messages": [USER, SAID], "weight": 0}, "`weight` is 0, so the row must not train"),
        ({"messages": [USER, SAID], "loss_weight": 0.3}, "`loss_weight` is '0.3'"),
        ({"messages": [USER, {"role": "alien", "content": "a"}]}, "turn 2: it has no role that is known"),
        ({"messages": [USER, {"role": "tool", "content": "a"}]}, "turn 2: a tool's turn answers no call"),
        ({"conversations": [{"from": "human", "value": "a"}, {"from": "function_call", "value": "look()"}]}, "turn 2: the function_call is a text that is no JSON"),
        ({"messages": [USER, SAID | {"tool_calls": [{"type": "custom", "custom": {"name": "x"}}]}]}, "a call of the type 'custom'"),
        ({"messages": [USER, SAID], "tools": "look"}, "`tools` is a text that is no JSON"),
        ({"messages": [USER, SAID], "tools": [{"type": "web_search"}]}, "`tools` holds a tool of the type 'web_search'"),
        ({"messages": [USER, SAID], "tools": [{"name": "a b", "parameters": {}}]}, "names a tool 'a b'"),
        ({"messages": [USER, SAID], "tools": [{"name": "a", "parameters": {"type": 7}}]}, "the parameters of 'a' are no JSON Schema"),
        ({"messages": [USER, SAID], "tools": [TOOL], "tool_choice": "perhaps"}, "`tool_choice` is 'perhaps'"),
        ({"messages": [USER, SAID], "tools": [TOOL], "parallel_tool_calls": "no"}, "`parallel_tool_calls` is a JSON str"),
        ({"messages": [USER, SAID], "response_format": [1]}, "`response_format` is no"),
        ({"messages": [USER], "choices": [{"message": SAID}, {"message": SAID}]}, "`choices` holds 2 answers"),
        ({"instruction": "a", "output": "b", "history": "earlier"}, "`history` is a JSON str"),
        ({"input": {"messages": [USER]}, "preferred_output": [SAID], "non_preferred_output": [SAID]}, "`preferred_output` holds a pair"),
        ({"body": {"messages": [USER], "n": 3}}, "`n` asks for several answers"),
        ({"messages": "[{"}, "`messages` is a text that is no JSON"),
    ],
)  # fmt: skip
def test_a_key_that_cannot_be_read_is_refused_by_its_name(row, said):
    with pytest.raises(ValueError, match=said):
        row_of(row)


@pytest.mark.parametrize(
    ("row", "request_"),
    [
        ({"tools": [TOOL], "parallel_tool_calls": False, "tool_choice": "auto"}, {"tools": [TOOL], "tool_choice": "auto", "parallel_tool_calls": False}),
        ({"tools": json.dumps([FUNCTION])}, {"tools": [TOOL]}),
        ({"functions": [FUNCTION], "function_call": {"name": "look"}}, {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "look"}}}),
        ({"tools": [{"type": "function", **FUNCTION}]}, {"tools": [TOOL]}),
        ({"tools": [{"name": "look", "description": "Looks.", "input_schema": FUNCTION["parameters"]}], "tool_choice": {"type": "any"}},
         {"tools": [TOOL], "tool_choice": "required"}),
        ({"tools": [{"functionDeclarations": [FUNCTION]}]}, {"tools": [TOOL]}),
        ({"response_format": {"type": "json_object"}}, {"response_format": {"type": "json_object"}}),
        ({"tools": [], "tool_choice": "auto", "parallel_tool_calls": True}, None),
        ({"tools": None}, None),
    ],
)  # fmt: skip
def test_what_a_chat_was_asked_with_is_kept_beside_its_turns(row, request_):
    assert row_of({"messages": [USER, SAID]} | row).get(conversation.REQUEST) == request_


def test_a_system_prompt_beside_the_turns_is_sent_where_no_prompt_says_one():
    row = {"messages": [USER, SAID], "system": "Be kind."}
    assert row_of(row, system=False)["messages"] == [{"role": "system", "content": "Be kind."}, USER]
    assert row_of(row)["messages"] == [USER]


def test_answers_that_do_not_count_and_systems_that_are_not_sent_are_counted():
    tally = Counter()
    row_of(
        {"messages": [{"role": "system", "content": "Be kind."}, USER, SAID | {"weight": 0}]}, system=False, tally=tally
    )
    assert tally == {UNKNOWN: 1, UNSENT: 1}


def test_a_chat_of_which_the_system_prompt_may_be_empty(tmp_path):
    """Chats of which some have no system turn: the slot is filled with nothing, and no row is lost."""
    path = tmp_path / "log.jsonl"
    path.write_text(
        "".join(
            json.dumps({"messages": [*first, USER, SAID]}) + "\n"
            for first in ([], [{"role": "system", "content": "Be kind."}])
        )
    )
    columns = SeedColumns(variables=["system", "messages"], chats={"messages": True}, logged=True)
    assert [seed.fields["system"] for seed in read([path], replace(columns, blank=["system"]))[0]] == ["", "Be kind."]
    with pytest.raises(SpecError, match="the variable 'system' is empty"):
        read([path], columns)


def test_chats_come_from_parquet_with_nulls_for_what_a_turn_lacks(tmp_path):
    turns = [USER, CALLED, GIVEN, SAID]
    pl.DataFrame({"messages": [turns, [USER, SAID]], "tools": [[TOOL], None]}).write_parquet(tmp_path / "log.parquet")
    seeds, _ = read(
        [tmp_path / "log.parquet"],
        SeedColumns(variables=["messages"], chats={"messages": True}, logged=True, gold="reply"),
    )
    assert [seed.fields["messages"] for seed in seeds] == [turns[:3], [USER]]
    assert [seed.fields.get(conversation.REQUEST) for seed in seeds] == [{"tools": [TOOL]}, None]


@pytest.mark.parametrize("spelt", [json.dumps, list])
def test_a_conversation_of_a_row_brings_its_tools_too(tmp_path, spelt):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"turns": spelt([USER]), "tools": spelt([TOOL])}) + "\n")
    seeds, _ = read([path], SeedColumns(variables=["turns"], chats={"turns": True}))
    assert dict(seeds[0].fields) == {"turns": [USER], conversation.REQUEST: {"tools": [TOOL]}}


def test_tools_that_a_prompt_names_as_text_are_no_tools_of_the_request(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"turns": [USER], "tools": [TOOL]}) + "\n")
    seeds, _ = read([path], SeedColumns(variables=["turns", "tools"], chats={"turns": True}))
    assert list(seeds[0].fields) == ["turns", "tools"]


def test_a_key_that_the_task_names_is_its_column_and_a_test_row_may_say_that_it_is_one():
    row = {"messages": [USER, SAID], "label": False, "split": "test"}
    assert row_of(row, ours=["label"], test=True)["reply"] == "Here."


@pytest.mark.parametrize("mark", [{"weight": 0}, {"refusal": "No."}, {"finish_reason": "length"}])
def test_every_turn_may_train_or_the_chat_is_refused(mark: dict) -> None:
    turns = [USER, {"role": "assistant", "content": "half"} | mark, USER, {"role": "assistant", "content": "whole"}]
    assert row_of({"messages": turns})["reply"] == "whole"
    with pytest.raises(ValueError, match=r"turn 2 must not train.*turns: last"):
        row_of({"messages": turns}, every=True)
    last = [USER, {"role": "assistant", "content": "whole"}, USER, {"role": "assistant", "content": "half"} | mark]
    assert row_of({"messages": last}, every=True)["reply"] is None
