"""Contents, calls, counts and ends in every shape that servers give them; what cannot be read says why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from distill.money import Rate
from distill.records import Ended, Request, ToolCall, Usage
from distill.teacher import reply

ASKED = Request("x", {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8})


def chat(finish: Any = "stop", usage: Any = None, **message: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": None, **message}, "finish_reason": finish}
    return {"model": "m", "choices": [choice], "usage": usage or {"prompt_tokens": 3, "completion_tokens": 9}}


def read(body: Any) -> Any:
    return reply.read_body(json.dumps(body).encode(), ASKED, price=Rate(1.0, 1.0).usd)


TEXT = {"type": "text", "text": "Yes."}


@pytest.mark.parametrize(
    "content",
    ["Yes.", [TEXT], [{"type": "output_text", "text": "Yes."}], [{"type": "text", "text": {"value": "Yes.", "annotations": []}}], ["Yes."], ["Ye", "s."],
    {"parts": [{"text": "Yes."}]},
     {"text": "Yes."}, {"type": "text", "text": "Yes."}, [{"text": "Yes."}], [{"type": "text", "content": "Yes."}], {"parts": ["Yes."]}, [{"type": "text",
     "text": "Ye"}, {"type": "text", "text": "s."}],
     [{"type": "thinking", "thinking": "hm"}, TEXT], [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, TEXT], [{"type": "reasoning",
     "text": "hm"}, TEXT],
     [{"type": "text", "text": "<think>hm</think>Yes."}]],
)  # fmt: skip
def test_a_content_in_any_shape_is_read(content: Any) -> None:
    """Text parts are joined, thinking parts go apart; the reply's own counts are the cost."""
    answer = read(chat(content=content))
    assert (answer.ended, answer.text, answer.usage) == (Ended.OK, "Yes.", Usage(3, 9))
    assert answer.reasoning == ("hm" if "hm" in json.dumps(content) else "")


def test_parts_that_are_no_text_are_named() -> None:
    """Beside a text they are left out with a note; alone they are no answer. A refusal's part is a refusal."""
    image = {"type": "image_url", "image_url": {"url": "data:x"}}
    answer = read(chat(content=[TEXT, image]))
    assert (answer.text, answer.error) == ("Yes.", "left out besides the text: image_url")
    answer = read(chat(content=[image, {"type": "audio", "audio": {}}]))
    assert (answer.ended, answer.usage) == (Ended.MALFORMED, Usage(3, 9))
    assert "audio, image_url" in answer.error
    answer = read(chat(content=[{"type": "refusal", "refusal": "No."}]))
    assert (answer.ended, answer.refusal, answer.declined) == (Ended.OK, "No.", True)


@pytest.mark.parametrize(
    ("finish", "word"),
    [(word, "stop") for word in ("stop", "eos", "eos_token", "end_turn", "STOP", "stop_sequence", "COMPLETE", "completed", "end", "endTurn",
    "FinishReason.STOP", "StopReason.END_TURN", "FINISH_REASON_STOP", "<|im_end|>", "<|eot_id|>", "</s>", "stopped", "normal")]
    + [(word, "length") for word in ("length", "MAX_TOKENS", "max_tokens", "model_length", "model_context_window_exceeded", "max_output_tokens", "token_limit",
    "maxTokens", "FinishReason.MAX_TOKENS", "finish_reason_length", "output_limit")]
    + [(word, "content_filter") for word in ("content_filter", "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "refusal", "safety",
    "guardrail_intervened", "content_filter: OTHER")]
    + [(word, "tool_calls") for word in ("tool_calls", "tool_use", "TOOL_USE", "tool_call", "function_call")] + [("sleepy", "sleepy"), ("OTHER", "OTHER")],
)  # fmt: skip
def test_an_end_has_one_word(finish: str, word: str) -> None:
    """Whatever the endpoint calls it; a word that nobody knows stays as it is."""
    answer = read(chat(finish, content="Yes."))
    assert (answer.ended, answer.finish_reason, answer.declined) == (Ended.OK, word, word == "content_filter")


@pytest.mark.parametrize("content", [None, "", []])
@pytest.mark.parametrize(("finish", "declined"), [("length", False), ("content_filter", True), ("stop", False)])
def test_an_empty_content_with_an_end_was_paid_for(content: Any, finish: str, declined: bool) -> None:
    """So it is kept with what it cost: cut off, declined, or empty."""
    answer = read(chat(finish, content=content, reasoning="thinking"))
    assert (answer.ended, answer.text, answer.finish_reason, answer.declined) == (Ended.OK, "", finish, declined)
    assert (answer.reasoning, answer.usage) == ("thinking", Usage(3, 9))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [("", "{}"), (None, "{}"), (" ", "{}"), ("null", "{}"), ({"b": 1, "a": 2}, '{"a":2,"b":1}'), ('{"b": 1}', '{"b": 1}'), (json.dumps('{"b": 1}'), '{"b": 1}'),
    ('""', "{}"),
     ("not json", "not json"), ('"a word"', '"a word"'), ([], "[]")],
)  # fmt: skip
def test_arguments_are_one_json_text(arguments: Any, text: str) -> None:
    """Nothing is `{}`, an object is spelt, JSON in JSON is unwrapped once; what a model wrote wrongly stays for the gate."""
    calls = [{"id": "c", "type": "function", "function": {"name": "look", "arguments": arguments}}]
    shapes = [
        {"tool_calls": calls},
        {"function_call": {"name": "look", "arguments": arguments}},
        {"tool_calls": [{"name": "look", "arguments": arguments}]},
    ]
    shapes.append({"content": [{"type": "tool_use", "id": "c", "name": "look", "input": arguments}]})
    for shape in shapes:
        answer = read(chat("tool_calls", **shape))
        assert (answer.ended, answer.tool_calls, answer.finish_reason) == (
            Ended.OK,
            (ToolCall("look", text),),
            "tool_calls",
        )
    assert read(chat("tool_calls", tool_calls=[{"function": {"name": "look"}}])).tool_calls == (ToolCall("look", "{}"),)


@pytest.mark.parametrize(
    ("usage", "counts"),
    [({"prompt_tokens": 12.0, "completion_tokens": 3.0}, Usage(12, 3)), ({"input_tokens": 12, "output_tokens": 3}, Usage(12, 3)), ({"promptTokenCount": 12,
    "candidatesTokenCount": 3}, Usage(12, 3)),
     ({"prompt_eval_count": 12, "eval_count": 3}, Usage(12, 3)), ({"prompt_tokens": 12, "total_tokens": 15}, Usage(12, 3)), ({"completion_tokens": 3,
     "total_tokens": 15}, Usage(12, 3)),
     ({"input_tokens": 2, "output_tokens": 3, "cache_read_input_tokens": 6, "cache_creation_input_tokens": 4}, Usage(12, 3, 6, 4)),
     ({"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15, "cache_read_input_tokens": 6}, Usage(12, 3, 6)), ({"prompt_tokens": 12,
     "completion_tokens": 3, "prompt_cache_hit_tokens": 6}, Usage(12, 3, 6)),
     ({"prompt_tokens": 12, "completion_tokens": 3, "completion_tokens_details": {"reasoning_tokens": 60}}, Usage(12, 63, reasoning_tokens=60)),
     ({"promptTokenCount": 12, "candidatesTokenCount": 3, "thoughtsTokenCount": 2, "totalTokenCount": 17}, Usage(12, 5, reasoning_tokens=2)),
     ({"inputTokens": 12, "outputTokens": 3}, Usage(12, 3)), ({"tokens": {"input_tokens": 12, "output_tokens": 3}}, Usage(12, 3)),
     ({"prompt_tokens": 12, "completion_tokens": 3, "prompt_tokens_details": None, "completion_tokens_details": {"reasoning_tokens": None}}, Usage(12, 3))],
)  # fmt: skip
def test_counts_in_every_spelling(usage: Any, counts: Usage) -> None:
    assert read(chat(usage=usage, content="Yes.")).usage == counts


@pytest.mark.parametrize("usage", [{"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, {"prompt_tokens": 40, "completion_tokens": 0},
{"prompt_tokens": 0, "completion_tokens": 9}, {"prompt_tokens": 40},
                                   {"total_tokens": 48}, {"prompt_tokens": -1, "completion_tokens": -1}, {"prompt_tokens": "many", "completion_tokens": None},
                                   {"prompt_tokens": 1.5, "completion_tokens": 3}, "none"])  # fmt: skip
def test_counts_that_mean_nothing_are_completed_and_marked(usage: Any) -> None:
    """A call with a prompt and an answer cost something: what is not counted is estimated, so the budget stays a wall."""
    answer = read(chat(usage=usage, content="A longer answer than none."))
    assert (answer.usage.measured, answer.usd > 0) == (False, True)
    assert answer.usage.prompt_tokens > 0
    assert answer.usage.completion_tokens > 0


def test_counts_beside_the_usual_place_are_found() -> None:
    """Groq's in a stream, llama.cpp's timings; none at all counts the thinking too."""
    body = chat(content="Yes.") | {"usage": None}
    assert read(body | {"x_groq": {"usage": {"prompt_tokens": 12, "completion_tokens": 3}}}).usage == Usage(12, 3)
    assert read(body | {"timings": {"prompt_n": 4, "cache_n": 8, "predicted_n": 3}}).usage == Usage(12, 3, 8)
    thought = chat(content="Yes.", reasoning="one two three four five six") | {"usage": None}
    assert read(thought).usage.completion_tokens > read(body).usage.completion_tokens + 4


NATIVE = [
    {"model": "m", "message": {"role": "assistant", "content": "Yes."}, "done": True, "done_reason": "stop", "prompt_eval_count": 12, "eval_count": 3},
    {"model": "m", "response": "Yes.", "done": True, "prompt_eval_count": 12, "eval_count": 3},
    {"model": "m", "type": "message", "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Yes."}], "stop_reason": "end_turn",
    "usage": {"input_tokens": 12, "output_tokens": 3}},
    {"modelVersion": "m", "candidates": [{"content": {"parts": [{"text": "hm", "thought": True}, {"text": "Yes."}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 12, "candidatesTokenCount": 3}},
    {"model": "m", "output": {"message": {"role": "assistant", "content": [{"text": "Yes."}]}}, "stopReason": "end_turn", "usage": {"inputTokens": 12,
    "outputTokens": 3}},
    {"model": "m", "message": {"role": "assistant", "content": [{"type": "text", "text": "Yes."}]}, "finish_reason": "COMPLETE",
    "usage": {"tokens": {"input_tokens": 12, "output_tokens": 3}}},
    {"data": {"model": "m", "choices": [{"message": {"content": "Yes."}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 12, "completion_tokens": 3}}},
    {"model": "m", "choices": [{"text": "Yes.", "finish_reason": "stop"}], "usage": {"prompt_tokens": 12, "completion_tokens": 3}},
]  # fmt: skip


@pytest.mark.parametrize("body", NATIVE, ids=[", ".join(body)[:40] for body in NATIVE])
def test_a_vendors_own_shape_is_read(body: Any) -> None:
    """Gateways let them through; an end, a text and counts are there all the same."""
    answer = read(body)
    assert (answer.ended, answer.text, answer.finish_reason, answer.model, answer.usage) == (
        Ended.OK,
        "Yes.",
        "stop",
        "m",
        Usage(12, 3),
    )


def test_an_unfinished_native_line_is_no_answer() -> None:
    assert read(NATIVE[0] | {"done": False}).ended is Ended.MALFORMED


def test_a_number_that_no_json_holds_is_not_made_nothing() -> None:
    """It stays as the server wrote it, so that the gate `tools` says what is wrong."""
    call = {"function": {"name": "look", "arguments": {"x": "ODD"}}}
    raw = json.dumps(chat("tool_calls", tool_calls=[call])).replace('"ODD"', "NaN").encode()
    assert reply.read_body(raw, ASKED, price=None).tool_calls == (ToolCall("look", '{"x": NaN}'),)


def deep(levels: int, inner: str = "1") -> str:
    return "[" * levels + inner + "]" * levels


@pytest.mark.parametrize("levels", [70, 300, 900, 1010, 5000])
@pytest.mark.parametrize(
    "place", ["arguments", "logprobs", "error", "usage", "content", "model", "reasoning_details", "extra"]
)
def test_nesting_ends_as_an_answer_or_as_a_failure(levels: int, place: str) -> None:
    """Wherever it stands, and however deep; and the store and the dataset can write what comes of it."""
    body = chat(
        "tool_calls",
        content="Yes.",
        tool_calls=[{"function": {"name": "look", "arguments": "ARGUMENTS"}}],
        reasoning_details="REASONING_DETAILS",
    )
    body |= {"error": "ERROR" if place == "error" else None, "model": "MODEL", "extra": "EXTRA"}
    body["choices"][0]["logprobs"] = {"content": "LOGPROBS"}
    if place in ("content", "usage"):
        body |= {"usage": "USAGE"} if place == "usage" else {}
        body["choices"][0]["message"]["content"] = "CONTENT" if place == "content" else "Yes."
    raw = json.dumps(body).replace(f'"{place.upper()}"', deep(levels)).encode()
    answer = reply.read_body(raw, ASKED, price=None)
    assert answer.ended in (Ended.OK, Ended.MALFORMED)
    assert answer.ok or (answer.error and answer.raw)
    assert isinstance(answer.said, str)
    assert json.dumps(answer.logprobs)
    assert reply.refused(500, raw, {}, ASKED, now=0.0).ended


def test_a_reply_that_cannot_be_read_costs_what_it_says() -> None:
    """Its counts stand in it, though the rest is too deep, or cut, or no answer."""
    whole = json.dumps(chat(content="Yes."))
    for raw in (whole.replace('"Yes."', deep(3000)), whole[:-1], whole.replace('"stop"', "null")):
        answer = reply.read_body(raw.encode(), ASKED, price=Rate(1.0, 1.0).usd)
        assert (answer.ended, answer.usage, answer.usd > 0, answer.counted) == (
            Ended.MALFORMED,
            Usage(3, 9),
            True,
            True,
        )


@pytest.mark.parametrize("odd", ["9" * 5000, "1e999", "NaN", "-Infinity", '"\\ud83d"', '"\\u0000"', "1" * 400])
@pytest.mark.parametrize("place", ["extra", "model", "finish", "arguments", "logprobs", "usage"])
def test_odd_values_end_as_an_answer_or_a_failure(odd: str, place: str) -> None:
    body = chat("FINISH", content="Yes.", tool_calls=[{"function": {"name": "look", "arguments": {"x": "ARGUMENTS"}}}])
    body |= {"model": "MODEL", "extra": "EXTRA", "usage": {"prompt_tokens": "USAGE", "completion_tokens": 3}}
    body["choices"][0]["logprobs"] = {"content": [{"token": "a", "logprob": "LOGPROBS"}]}
    raw = json.dumps(body).replace(f'"{place.upper()}"', odd)
    answer = reply.read_body(raw.encode(), ASKED, price=None)
    assert answer.ended in (Ended.OK, Ended.MALFORMED)
    assert isinstance(answer.said, str)
    assert json.loads(json.dumps(answer.logprobs)) is not False
    assert isinstance(answer.model, str)


def test_two_megabytes_of_blanks_are_counted() -> None:
    """Where no usage is given they have to be; tiktoken gives up at a million blanks in a row."""
    answer = read({**chat(content="a" + " " * 2_000_000 + "b"), "usage": None})
    assert answer.ok
    assert answer.usage.completion_tokens > 1000
