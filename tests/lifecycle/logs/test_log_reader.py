from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from production_logs import (
    ANSWER,
    START,
    attributes,
    console_span,
    exported_observation,
    genai,
    observation,
    openai,
    otlp,
    read,
    shape,
    span,
    turns,
    write,
)  # fmt: skip

from distill.lifecycle.logs.call import LogColumns
from distill.lifecycle.logs.clock import LogClock
from distill.lifecycle.logs.columns import LOGGED
from distill.lifecycle.logs.log_reader import read_logs
from distill.lifecycle.logs.tally import LogTally

EVENT = {
    "timeUnixNano": str(START * 10**9),
    "name": "gen_ai.client.inference.operation.details",
    "attributes": attributes(genai("lamp")),
}
ONE_CALL = {
    "request and response": openai("lamp"),
    "messages and choices": {"messages": turns("lamp"), **openai("lamp")["response"], "latency_ms": 321},
    "a proxy's bodies": {"request": {"body": openai("lamp")["request"]}, "response": {"status_code": 200, "body": openai("lamp")["response"]}},
    "the answer as the last turn": {"messages": [*turns("lamp"), {"role": "assistant", "content": ANSWER}]},
    "parts": {"messages": [turns("x")[0], {"role": "user", "content": [{"type": "text", "text": "lamp"}]}], "choices": openai("")["response"]["choices"]},
    "Responses": {"instructions": "Mood?", "input": "lamp", "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": ANSWER}]}]},
    "the task's fields": {"message": "lamp", "answer": ANSWER},
    "fields in an object": {"input": {"message": "lamp"}, "output": {"mood": "glad"}},
    "a pair": {"prompt": "lamp", "completion": ANSWER},
    "OTLP": otlp(span(genai("lamp"))),
    "OTLP, structured": otlp(span(genai("lamp", structured=True))),
    "OTLP, in an event": otlp(span({"gen_ai.operation.name": "chat"}, events=[EVENT])),
    "OTLP logs": {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"eventName": EVENT["name"], **EVENT}]}]}]},
    "a console span": console_span(genai("lamp")),
    "Langfuse's API": observation("lamp"),
    "Langfuse's export": exported_observation("lamp"),
    "a page of Langfuse's API": {"data": [observation("lamp")], "meta": {"page": 1}},
    "Langfuse's SDK over OTLP": otlp(span({
        "langfuse.observation.type": "generation", "langfuse.observation.input": json.dumps(turns("lamp")),
        "langfuse.observation.output": ANSWER, "langfuse.observation.model.name": "mood-1",
    })),
    "OpenLLMetry": otlp(span({
        "gen_ai.prompt.0.role": "system", "gen_ai.prompt.0.content": "Mood?", "gen_ai.prompt.1.role": "user", "gen_ai.prompt.1.content": "lamp",
        "gen_ai.completion.0.content": ANSWER, "gen_ai.completion.0.finish_reason": "stop",
    })),
    "events of 1.36": otlp(span({"gen_ai.operation.name": "chat"}, events=[
        {"name": "gen_ai.system.message", "attributes": attributes({"content": "Mood?"})},
        {"name": "gen_ai.user.message", "attributes": attributes({"content": "lamp"})},
        {"name": "gen_ai.choice", "attributes": attributes({"message": {"content": ANSWER}, "finish_reason": "stop"})},
    ])),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_CALL)
def test_every_shape_gives_the_same_call(tmp_path: Path, name: str) -> None:
    rows, tally = read(write(tmp_path / "a.jsonl", ONE_CALL[name]))
    assert [json.loads(row["fields"]) for row in rows] == [{"message": "lamp"}], tally.examples
    assert json.loads(rows[0]["answer"]) == json.loads(ANSWER)
    assert (rows[0]["input"], rows[0]["line"], rows[0]["item"], rows[0]["private"]) == ("lamp", 1, 0, False)


@pytest.mark.parametrize("name", ["request and response", "OTLP", "Langfuse's API", "Langfuse's export"])
def test_what_stands_beside_an_answer(tmp_path: Path, name: str) -> None:
    rows, _ = read(write(tmp_path / "a.jsonl", ONE_CALL[name]))
    row = rows[0]
    assert row["time"].timestamp() == START
    assert (row["model"], row["prompt_tokens"], row["completion_tokens"]) == ("mood-1", 30, 6)
    assert row["latency_s"] == pytest.approx(0.321 if row["shape"] == "openai" else 0.5)


def test_the_columns_are_those_that_are_written_down(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", *(openai(f"lamp {n}") for n in range(5)))
    batches = list(read_logs([path], shape(), rows=2))
    assert [batch.height for batch in batches] == [2, 2, 1]
    assert all(batch.schema == LOGGED for batch in batches)


def test_shapes_may_be_mixed_and_packed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in ONE_CALL.values()).encode()))
    rows, tally = read(path)
    assert len(rows) == len(ONE_CALL)
    assert set(tally.shapes) == {"openai", "otel", "langfuse", "fields"}


def test_exports_that_are_one_document(tmp_path: Path) -> None:
    (tmp_path / "spans.json").write_text(
        "".join(json.dumps(console_span(genai(f"lamp {n}")), indent=4) + "\n" for n in range(3))
    )
    (tmp_path / "observations.json").write_text(
        json.dumps([observation("lamp"), exported_observation("lamp")], indent=2)
    )
    rows, tally = read(tmp_path)
    assert tally.shapes == {"otel": 3, "langfuse": 2}
    assert [row["line"] for row in rows] == [1, 2, 1, 2, 3]


NO_CALLS = {
    "torn": ['{"messages": [', "nonsense", '{"a": "\\ud8'],
    "other_shape": ["[1, 2]", "7", {"level": "info", "msg": "started"}, {"messages": "hello", "choices": []}],
    "not_a_call": [
        otlp(span({"db.system": "postgres"}, name="SELECT")), otlp(span({"gen_ai.operation.name": "execute_tool"})), {"resourceSpans": []},
        observation("x", type="SPAN"),
    ],
    "no_content": [otlp(span({"gen_ai.operation.name": "chat"})), observation("x", output=None), {"message": "lamp"}, {"messages": turns("lamp")}],
    "failed_call": [
        {**openai("x"), "response": {"status_code": 429, "body": {"error": {"message": "slow"}}}}, observation("x", output=None, level="ERROR"),
        otlp(span({"gen_ai.operation.name": "chat", "error.type": "timeout"})), {"messages": turns("x"), "error": "timeout"},
    ],
    "several_answers": [{"messages": turns("x"), "choices": openai("x")["response"]["choices"] * 2}],
    "no_text": [{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}], "choices": openai("x")["response"]["choices"]}],
    "other_prompt": [openai("x", system="Translate."), otlp(span({**genai("x"), "gen_ai.input.messages": json.dumps(turns("x", "Translate."))}))],
    "other_fields": [{"text": "lamp", "answer": "yes"}, observation("x", input={"text": "lamp"})],
    "unpaired": [{"custom_id": "1", "response": {"status_code": 200, "body": openai("x")["response"]}}],
}  # fmt: skip


@pytest.mark.parametrize("reason", NO_CALLS)
def test_what_is_no_call_is_counted_with_its_line(tmp_path: Path, reason: str) -> None:
    rows, tally = read(write(tmp_path / "a.jsonl", *NO_CALLS[reason], openai("lamp")))  # type: ignore[arg-type]  # lines of several kinds
    assert len(rows) == 1
    assert tally.dropped == {reason: len(NO_CALLS[reason])}, tally.examples
    assert [one.line for one in tally.examples] == list(range(1, len(NO_CALLS[reason]) + 1))
    assert len(tally.sentences()) == 1 + (reason == "nothing")


def test_spans_of_one_line_are_counted_each(tmp_path: Path) -> None:
    rows, tally = read(write(tmp_path / "a.jsonl", otlp(span(genai("lamp")), span({"a": 1}), span(genai("river")))))
    assert (tally.lines, tally.items, tally.calls) == (1, 3, 2)
    assert [row["item"] for row in rows] == [0, 2]


@pytest.mark.parametrize("row", [
    openai("lamp", private=True), openai("lamp", metadata={"private": "yes"}), observation("lamp", metadata={"private": True}),
    exported_observation("lamp", metadata='{"private": "true"}'), otlp(span({**genai("lamp"), "private": True})),
    otlp(span({**genai("lamp"), "langfuse.observation.metadata.private": "true"})), {"message": "lamp", "answer": "x", "private": "perhaps"},
])  # fmt: skip
def test_a_mark_of_privacy_is_seen_wherever_it_stands(tmp_path: Path, row: dict[str, object]) -> None:
    rows, tally = read(write(tmp_path / "a.jsonl", row))
    assert rows[0]["private"] is True
    assert tally.private == 1


def test_columns_may_be_called_otherwise(tmp_path: Path) -> None:
    row = {"message": "lamp", "said": ANSWER, "gdpr": {"opt_out": True}, "when": START, "happy": "down", "answer": None}
    rows, _ = read(
        write(tmp_path / "a.jsonl", row),
        columns=LogColumns("gdpr.opt_out", time="when", feedback="happy", answer="said"),
    )
    assert (rows[0]["private"], rows[0]["time"].timestamp(), rows[0]["feedback"]) == (True, START, False)


def test_feedback_beside_a_call_and_in_a_file_of_its_own(tmp_path: Path) -> None:
    score = {
        "id": "s",
        "trace_id": "trace-2",
        "observation_id": None,
        "name": "user-feedback",
        "value": 0,
        "data_type": "BOOLEAN",
        "string_value": "False",
    }
    other = {**score, "trace_id": "nobody's"}
    write(tmp_path / "z_scores.jsonl", score, other)
    write(
        tmp_path / "a.jsonl", openai("lamp", feedback="up"), observation("river", traceId="trace-2"), observation("onion", traceId="t3"),
        observation("copper", scores=[{"name": "thumbs", "value": 1}, {"name": "toxic", "value": 0.1}]),
    )  # fmt: skip
    rows, tally = read(tmp_path)
    assert [row["feedback"] for row in rows] == [True, False, None, True]
    assert json.loads(rows[3]["scores"]) == {"thumbs": 1, "toxic": 0.1}
    assert (tally.scores, tally.unmatched_scores) == (2, 1)


def test_a_batch_jobs_two_files_are_paired(tmp_path: Path) -> None:
    asked = [
        {"custom_id": str(n), "method": "POST", "url": "/v1/chat/completions", "body": openai(f"lamp {n}")["request"]}
        for n in range(3)
    ]
    said = [
        {
            "id": "r",
            "custom_id": str(n),
            "response": {"status_code": 200, "body": openai("")["response"]},
            "error": None,
        }
        for n in (1, 0)
    ]
    write(tmp_path / "z_input.jsonl", *asked)
    write(tmp_path / "output.jsonl", *said)
    rows, tally = read(tmp_path)
    assert [row["input"] for row in rows] == ["lamp 1", "lamp 0"]
    assert (tally.batch_inputs, tally.dropped) == (2, {"unpaired": 1})


def test_tools_and_refusals(tmp_path: Path) -> None:
    parts = [
        {"type": "reasoning", "content": "hm"},
        {"type": "tool_call", "id": "1", "name": "look", "arguments": {"a": 1}},
    ]
    said = {"role": "assistant", "parts": parts, "finish_reason": "tool_call"}
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": '{"a": 1}'}}
    rows, _ = read(write(
        tmp_path / "a.jsonl",
        {"messages": turns("lamp"), "choices": [{"message": {"role": "assistant", "content": None, "tool_calls": [call]}, "finish_reason": "tool_calls"}]},
        {"messages": turns("lamp"), "choices": [{"message": {"role": "assistant", "content": None, "refusal": "No."}, "finish_reason": "FINISH_REASON_STOP"}]},
        otlp(span({**genai("lamp"), "gen_ai.output.messages": json.dumps([said])})),
    ))  # fmt: skip
    assert [row["tool_calls"] for row in rows] == ['[["look","{\\"a\\": 1}"]]', "", '[["look","{\\"a\\":1}"]]']
    assert [row["finish_reason"] for row in rows] == ["tool_calls", "stop", "tool_calls"]
    assert rows[1]["refusal"] == "No."


def test_how_sure_the_model_was(tmp_path: Path) -> None:
    told = openai("lamp")
    told["response"]["choices"][0]["logprobs"] = {"content": [{"token": ANSWER, "logprob": -0.5}]}
    rows, _ = read(write(tmp_path / "a.jsonl", told, openai("lamp", confidence=0.7), openai("lamp", confidence=7)))
    assert [row["confidence"] for row in rows] == [pytest.approx(0.6065, abs=1e-3), 0.7, None]


def test_clocks_that_jump_leave_nothing_out(tmp_path: Path) -> None:
    rows = [
        openai("a", time=START),
        openai("b", time=START - 9999),
        openai("c", time=START * 2),
        openai("d", time="noon"),
        {"message": "e", "answer": "x"},
    ]
    found, tally = read(write(tmp_path / "a.jsonl", *rows), tally=LogTally(clock=LogClock(now=(START + 60) * 10**6)))
    assert len(found) == 5
    assert (tally.clock.back, tally.clock.future, tally.clock.unreadable, tally.clock.absent) == (1, 1, 1, 1)
    assert len(tally.sentences()) == 4


def test_what_stands_in_the_tally_names_nobody(tmp_path: Path) -> None:
    rows = [
        openai("hi anna@mail.co.uk", system="Write to anna@mail.co.uk"),
        openai("x", error="no anna@mail.co.uk", response=None),
    ]
    _, tally = read(write(tmp_path / "a.jsonl", *rows, '{"message": "anna@mail.co.uk'))
    assert len(tally.examples) == 3
    assert "anna@" not in str(tally.examples) + str(tally.sentences())


def test_examples_are_bounded(tmp_path: Path) -> None:
    _, tally = read(write(tmp_path / "a.jsonl", *["torn"] * 500))
    assert tally.dropped == {"torn": 500}
    assert len(tally.examples) == 20


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=8,
)  # fmt: skip


@given(st.integers(0, 10**9), JSON)
def test_every_line_is_accounted_for_whatever_is_put_into_it(
    tmp_path_factory: pytest.TempPathFactory, seed: int, odd: object
) -> None:
    """Any value in any place of any shape, and lines cut anywhere."""
    rnd = random.Random(seed)
    lines = [json.dumps(_with(row, odd, rnd)) for row in ONE_CALL.values()]
    lines += [line[: rnd.randrange(len(line))] for line in lines[::3]]
    _, tally = read(write(tmp_path_factory.mktemp("odd") / "a.jsonl", *lines))
    assert tally.items >= tally.lines == sum(bool(line.strip()) for line in lines)


def _with(value: object, odd: object, rnd: random.Random) -> object:
    """The value with `odd` in one place."""
    if isinstance(value, dict) and value and rnd.random() < 0.9:
        name = rnd.choice(list(value))
        return {**value, name: _with(value[name], odd, rnd)}
    if isinstance(value, list) and value and rnd.random() < 0.9:
        place = rnd.randrange(len(value))
        return [*value[:place], _with(value[place], odd, rnd), *value[place + 1 :]]
    return odd
