"""Chat as the SDK and plain HTTP see it, with a tiny model of random weights; what a real one says is not the matter here."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from answering_host import Answering, adapter, answering
from hosting import call

from distill.host.state import models

pytest.importorskip("torch", reason="the training extra is not installed")

TURNS: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}]
TUNE = "ft:tiny:me::abc"
ASKED: Any = {"model": "tiny", "messages": TURNS, "max_tokens": 12, "seed": 7}


@pytest.fixture(scope="module")
def host(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answering]:
    folder = tmp_path_factory.mktemp("host")
    with answering(folder, {"tiny": str(tiny_base)}, aliases={"gpt-4o-mini": "tiny"}) as found:
        models.add(found.host.db, TUNE, base="tiny", job_id="ftjob-1", folder=adapter(tiny_base, folder / "tune"))
        yield found


def test_an_answer_has_the_shape_that_the_sdk_reads(host: Answering) -> None:
    answer = host.client.chat.completions.create(**ASKED)
    assert answer.id.startswith("chatcmpl-")
    assert answer.model == "tiny"
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].finish_reason in ("length", "stop")
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert 0 < answer.usage.completion_tokens <= 12


def test_a_stream_says_what_the_whole_answer_says(host: Answering) -> None:
    whole = host.client.chat.completions.create(**ASKED)
    chunks = list(host.client.chat.completions.create(**ASKED, stream=True, stream_options={"include_usage": True}))
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == whole.choices[0].finish_reason
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_equal_seeds_answer_alike_and_choices_differ(host: Answering) -> None:
    asked = {**ASKED, "n": 3, "temperature": 1.5}
    first, second = (host.client.chat.completions.create(**asked) for _ in range(2))
    said = [choice.message.content for choice in first.choices]
    assert [choice.index for choice in first.choices] == [0, 1, 2]
    assert said == [choice.message.content for choice in second.choices]
    assert len(set(said)) > 1


def test_streamed_choices_come_together(host: Answering) -> None:
    asked = {**ASKED, "n": 3}
    whole = host.client.chat.completions.create(**asked)
    said = ["", "", ""]
    for chunk in host.client.chat.completions.create(**asked, stream=True):
        for choice in chunk.choices:
            said[choice.index] += choice.delta.content or ""
    assert said == [choice.message.content for choice in whole.choices]


def test_a_tune_and_an_alias_answer_by_their_names(host: Answering) -> None:
    greedy = {**ASKED, "temperature": 0}
    base = host.client.chat.completions.create(**greedy)
    tune = host.client.chat.completions.create(**{**greedy, "model": TUNE})
    alias = host.client.chat.completions.create(**{**greedy, "model": "gpt-4o-mini"})
    again = host.client.chat.completions.create(**greedy)
    assert (tune.model, alias.model) == (TUNE, "gpt-4o-mini")
    assert tune.choices[0].message.content != base.choices[0].message.content
    assert alias.choices[0].message.content == base.choices[0].message.content == again.choices[0].message.content


def test_log_probabilities_are_of_each_token(host: Answering) -> None:
    choice = host.client.chat.completions.create(**ASKED, logprobs=True, top_logprobs=3).choices[0]
    assert choice.logprobs is not None
    tokens = choice.logprobs.content or []
    assert len(tokens) in (11, 12)
    assert all(token.logprob <= 0 and len(token.top_logprobs) == 3 for token in tokens)
    assert all(one.top_logprobs[0].logprob >= one.top_logprobs[1].logprob for one in tokens)


def test_a_stop_ends_the_answer_before_it(host: Answering) -> None:
    said = host.client.chat.completions.create(**{**ASKED, "temperature": 0}).choices[0].message.content or ""
    stop = said[3:5]
    cut = host.client.chat.completions.create(**{**ASKED, "temperature": 0}, stop=stop).choices[0]
    assert cut.message.content == said[: said.index(stop)]
    assert cut.finish_reason == "stop"


def test_a_bias_of_a_hundred_writes_nothing_else(host: Answering) -> None:
    from transformers import AutoTokenizer

    token = AutoTokenizer.from_pretrained(host.host.settings.bases["tiny"]).encode("x", add_special_tokens=False)[0]
    answer = host.client.chat.completions.create(**ASKED, logit_bias={str(token): 100})
    assert answer.choices[0].message.content == "x" * 12


@pytest.mark.parametrize(
    ("change", "status", "param", "says"),
    [
        ({"model": "nobody"}, 404, "model", "does not exist"),
        ({"model": None}, 400, "model", "must provide a model"),
        ({"messages": []}, 400, "messages", "empty array"),
        ({"messages": [{"role": "wizard", "content": "a"}]}, 400, "messages", "no role"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://a/b"}}]}]},
            400, "messages", "image_url",
        ),
        ({"messages": [{"role": "user", "content": "a " * 2000}]}, 400, "messages", "maximum context length is 512"),
        ({"temperature": 3}, 400, "temperature", "<= 2"),
        ({"temperature": "hot"}, 400, "temperature", "expected a decimal, but got a string"),
        ({"n": 0}, 400, "n", ">= 1"),
        ({"n": True}, 400, "n", "an integer"),
        ({"stop": ["a"] * 5}, 400, "stop", "maximum length 4"),
        ({"top_logprobs": 2}, 400, "top_logprobs", "logprobs"),
        ({"stream_options": {"include_usage": True}}, 400, "stream_options", "only allowed when 'stream'"),
        ({"top_k": 3}, 400, "top_k", "Unknown parameter"),
        ({"functions": [{"name": "a"}]}, 400, "functions", "tools"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "wizard"}}}},
            400, "response_format", "Invalid schema for response_format 'a'",
        ),
        ({"response_format": {"type": "yaml"}}, 400, "response_format.type", "json_schema"),
        ({"tools": [{"type": "function", "function": {"name": "look"}}]}, 400, "tools", "no place for tools"),
        ({"tools": [{"type": "retrieval"}]}, 400, "tools[0].type", "function"),
        ({"tool_choice": "auto"}, 400, "tool_choice", "only allowed when 'tools'"),
        ({"modalities": ["audio"]}, 400, "modalities", "text only"),
        ({"max_completion_tokens": 5}, 400, "max_tokens", "same time"),
        ({"logit_bias": {"a": 1}}, 400, "logit_bias", "token ids"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_by_its_name(host: Answering, change: Any, status: int, param: str, says: str) -> None:
    reply = call(host.port, "POST", "/v1/chat/completions", {**ASKED, **change})
    assert reply.status == status
    assert reply.error["param"] == param
    assert says in reply.error["message"]
    assert call(host.port, "POST", "/v1/chat/completions", {**ASKED, **change, "stream": True}).status in (
        status,
        400,
        200,
    )


def test_what_changes_no_answer_is_left_alone(host: Answering) -> None:
    more = {"user": "u", "metadata": {"a": "b"}, "store": True, "parallel_tool_calls": False, "temperature": None}
    assert host.client.chat.completions.create(**{**ASKED, **more}).choices


def test_an_unknown_model_is_not_found_by_the_sdk(host: Answering) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        host.client.chat.completions.create(**{**ASKED, "model": "ft:gone"})
    assert raised.value.code == "model_not_found"


def test_nothing_is_stored(host: Answering) -> None:
    assert list(host.client.chat.completions.list()) == []
    with pytest.raises(openai.NotFoundError):
        host.client.chat.completions.retrieve("chatcmpl-1")


def test_a_client_that_hangs_up_stops_the_work(host: Answering) -> None:
    line = http.client.HTTPConnection("127.0.0.1", host.port)
    body = {"model": "tiny", "messages": TURNS, "stream": True, "max_tokens": 400, "logit_bias": {"1": -100}}
    line.request("POST", "/v1/chat/completions", json.dumps(body), {"content-type": "application/json"})
    assert line.getresponse().read(10)
    line.close()
    began = time.monotonic()
    host.client.chat.completions.create(**ASKED)
    # 400 tokens of the other answer would come first: one batch computes at a time
    assert time.monotonic() - began < 30
    engine = host.host.engine.opened["tiny"]  # type: ignore[attr-defined]  # the engine of one base, behind the choice
    assert not engine.waiting
