"""Seeds that are conversations, and answers that call tools, from the spec to the dataset."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from distill.errors import SpecError
from distill.generate import questions
from distill.pipeline import run
from distill.pipeline.open_task import open_task
from distill.seeds import load
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.testing.fault_server import serve
from distill.views import explain

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "find_order",
            "parameters": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
        },
    }
]
SPEC = """\
task: agent
seeds: {from: chats.jsonl, test: {share: 0.25}}
teacher: {model: m, tools: tools.json, terms: made up}
dataset: {accept: 20}
student: {train: {with: none}}
evaluate: {arms: [teacher], metrics: [agreement]}
"""


def chat(n: int) -> dict[str, Any]:
    """Four turns, of which the assistant's first calls a tool and the tool answers."""
    call = {"id": f"c{n}", "type": "function", "function": {"name": "find_order", "arguments": '{"text": "x"}'}}
    turns = [
        {"role": "user", "content": f"Where is order {n * 7919}?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": f"c{n}", "content": f"sent on day {n * 31}"},
        {"role": "assistant", "content": f"It left on day {n * 31}."},
        {"role": "user", "content": f"And {n * 104729 % 1000003} of the other parcels, number {n * 17}?"},
    ]
    return {"history": turns}


@pytest.fixture
def agent(tmp_path: Path) -> Path:
    (tmp_path / "chats.jsonl").write_text("".join(json.dumps(chat(n)) + "\n" for n in range(40)))
    (tmp_path / "tools.json").write_text(json.dumps(TOOLS))
    (tmp_path / "teacher.md").write_text("Help the customer, step by step.\n[messages]\n{{history}}\n")
    (tmp_path / "student.md").write_text("Help.\n[messages]\n{{history}}\n")
    (tmp_path / "task.yaml").write_text(SPEC)
    return tmp_path / "task.yaml"


async def test_a_conversation_with_tools_trains_as_it_was_held(agent: Path) -> None:
    """The teacher gets every turn and the tools; a training row is the student's prompt, the turns and the call."""
    async with serve() as server:
        task = open_task(agent, overrides=[], env={"OPENAI_BASE_URL": server.base_url})
        result = await run.work(task, stages=ORDER, watch=Silent())
    folder = result.folder
    rows = [json.loads(line) for line in (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()]
    assert all(row["tools"] == TOOLS for row in rows)
    roles = ["system", "user", "assistant", "tool", "assistant", "user", "assistant"]
    assert all([turn["role"] for turn in row["messages"]] == roles for row in rows)
    calls = [row["messages"][-1].get("tool_calls") for row in rows]
    assert any(calls)
    assert not all(calls)
    assert {call[0]["function"]["name"] for call in calls if call} == {"find_order"}
    one = pl.read_parquet(folder / "samples.parquet")["seed_id"][0]
    sent = explain.explain(agent.parent, str(folder), one).samples[0].body
    assert (sent["tools"], len(sent["messages"])) == (TOOLS, 6)
    assert sent["messages"][0]["content"] == "Help the customer, step by step."
    assert (await run.work(task, stages=ORDER, watch=Silent())).requests_sent == 0


def faults(agent: Path) -> str:
    with pytest.raises(SpecError) as error:
        open_task(agent, overrides=[], env={})
    return str(error.value)


def test_every_fault_of_conversations_and_tools_comes_at_once(agent: Path) -> None:
    """The row that is no conversation, the tool that is none, a header without its variable."""
    with (agent.parent / "chats.jsonl").open("a") as file:
        file.write(
            json.dumps({"history": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}]}) + "\n"
        )
    (agent.parent / "tools.json").write_text('[{"name": "look"}]')
    agent.write_text(SPEC.replace("model: m,", "model: m, headers: {api-key: $NOWHERE},"))
    said = faults(agent)
    assert "chats.jsonl:41: the conversation 'history': the last turn is the assistant's" in said
    assert "tools.json: tool 1: expected" in said
    assert "api-key: the variable $NOWHERE is not set" in said


def test_a_key_in_a_header_is_refused_and_not_shown(agent: Path) -> None:
    agent.write_text(SPEC.replace("model: m,", "model: m, headers: {api-key: sk-secret},"))
    said = faults(agent)
    assert "the header 'api-key' looks like a key; name a variable that holds the whole value instead" in said
    assert "sk-secret" not in said


def test_tool_calls_in_seeds_cannot_train_the_embedded_student(agent: Path) -> None:
    """Said before anything is paid: its chat template has no tools."""
    agent.write_text(SPEC.replace("tools: tools.json, ", "").replace("{with: none}", "{with: lora}"))
    assert "some conversations hold tool calls" in faults(agent)


def test_tools_need_names_that_hosts_take(agent: Path) -> None:
    tools = [TOOLS[0], TOOLS[0], {"type": "function", "function": {"name": "a b!"}}]
    (agent.parent / "tools.json").write_text(json.dumps(tools))
    said = faults(agent)
    assert "tool 2: the name 'find_order': expected up to 64 letters" in said
    assert "tool 3: the name 'a b!'" in said


def write_log(agent: Path) -> None:
    """A task over forty logged chats, each of a question and its answer."""
    rows = []
    for n in range(40):
        turns = [
            {"role": "user", "content": f"Where is order {n * 7919} of {n * 104729 % 1000003}?"},
            {"role": "assistant", "content": f"It left on day {n}."},
        ]
        rows.append(json.dumps({"messages": turns, "kind": "ab"[n % 2]}) + "\n")
    (agent.parent / "chats.jsonl").write_text("".join(rows))
    for name in ("teacher.md", "student.md"):
        (agent.parent / name).write_text("Help.\n[messages]\n{{messages}}\n")
    agent.write_text(
        SPEC.replace("from: chats.jsonl,", "from: chats.jsonl, as: chats, gold: reply,")
        .replace("tools: tools.json, ", "")
        .replace("[agreement]", "[json_fields]")
    )


async def test_a_log_of_chats_is_distilled_by_one_line(agent: Path) -> None:
    """The last answer of each chat is the gold that the comparison scores by; it is not sent."""
    write_log(agent)
    async with serve() as server:
        task = open_task(agent, overrides=[], env={"OPENAI_BASE_URL": server.base_url})
        result = await run.work(task, stages=ORDER, watch=Silent())
    tests = pl.read_ndjson(result.folder / "test.jsonl").to_dicts()
    assert result.exit_code == 0
    assert all(row["gold"]["answer"].startswith("It left") and len(row["messages"]) == 2 for row in tests)


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def write_log_with_tools(agent: Path) -> None:
    """The same, of which all but one bring their tools, and a gate that looks at calls."""
    write_log(agent)
    rows = lines_of(agent.parent / "chats.jsonl")
    for n, row in enumerate(rows[:-1]):
        row |= {"tools": TOOLS, "parallel_tool_calls": bool(n % 2)}
    (agent.parent / "chats.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    agent.write_text(agent.read_text() + "gates: [tools]\n")


async def test_the_tools_of_each_chat_reach_its_request_its_gate_and_the_files(agent: Path) -> None:
    """A log whose rows bring their tools needs none in the spec; a row without any is asked without."""
    write_log_with_tools(agent)
    async with serve() as server:
        task = open_task(agent, overrides=[], env={"OPENAI_BASE_URL": server.base_url})
        result = await run.work(task, stages=("generate", "curate", "export"), watch=Silent())
    table = load.table(task.seeds)
    bodies = [
        one.body
        for one in questions.requests(task, table, [questions.TeacherQuestion(seed, 0, 0) for seed in table["seed_id"]])
    ]
    assert sum(body.get("tools") == TOOLS and "parallel_tool_calls" in body for body in bodies) == 39
    assert sum("tools" not in body and "parallel_tool_calls" not in body for body in bodies) == 1
    folder = result.folder
    for made in (lines_of(folder / "train.jsonl"), lines_of(folder / "test.jsonl")):
        assert sum(row.get("tools") == TOOLS and "parallel_tool_calls" in row for row in made) >= len(made) - 1 > 0
    table = pl.read_parquet(folder / "dataset.parquet")
    assert table["request"].drop_nulls().len() >= table.height - 1


async def test_every_turn_of_a_conversation_trains_and_no_example_of_the_prompt(agent: Path) -> None:
    (agent.parent / "student.md").write_text("Help.\n[user]\nHi.\n[assistant]\nHello.\n[messages]\n{{history}}\n")
    async with serve() as server:
        env = {"OPENAI_BASE_URL": server.base_url}
        weights = {}
        for turns in ("last", "every"):
            task = open_task(agent, overrides=[f"seeds.turns={turns}"], env=env)
            result = await run.work(task, stages=("generate", "curate", "export"), watch=Silent())
            rows = [json.loads(line) for line in (result.folder / "train.jsonl").read_text().splitlines()]
            said = [[turn.get("weight") for turn in row["messages"] if turn["role"] == "assistant"] for row in rows]
            weights[turns] = {tuple(one) for one in said}
        assert result.requests_sent == 0, "what is asked stays the same"
    assert weights == {"last": {(0, 0, 0, None)}, "every": {(0, 1, 1, None)}}


def test_a_turn_that_must_not_train_is_named_by_its_line(agent: Path) -> None:
    row = chat(99)
    row["history"][3]["weight"] = 0
    with (agent.parent / "chats.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    open_task(agent, overrides=[], env={})
    with pytest.raises(SpecError, match=r"chats\.jsonl:41: turn 4 must not train"):
        open_task(agent, overrides=["seeds.turns=every"], env={})


def test_every_turn_of_rows_that_are_no_conversations_is_a_slip(task: Path) -> None:
    with pytest.raises(SpecError, match=r"seeds\.turns: every: no prompt takes a conversation"):
        open_task(task, overrides=["seeds.turns=every"], env={})
