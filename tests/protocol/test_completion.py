"""Answers, as the SDK's own types read them."""

from __future__ import annotations

from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from distill.protocol import completion

CHANCES = [("hé", -0.5, [("hé", -0.5), ("no", -2.0)]), (" you", -0.25, [])]


def test_a_chat_answer_is_the_sdks() -> None:
    called = completion.tool_call(identity="call_1", name="look", arguments="{}")
    choices = [
        completion.chat_choice(index=0, content="hé you", finish="stop", logprobs=completion.chat_logprobs(CHANCES)),
        completion.chat_choice(index=1, content=None, finish="tool_calls", calls=[called]),
    ]
    usage = completion.usage(prompt_tokens=3, completion_tokens=4)
    made = completion.chat_completion(identity="chatcmpl-1", model="m", created=1, choices=choices, usage=usage)
    read = ChatCompletion.model_validate(made, strict=True)
    assert read.usage is not None
    assert read.usage.total_tokens == 7
    assert read.choices[0].logprobs is not None
    assert [bytes(one.bytes or []).decode() for one in read.choices[0].logprobs.content or []] == ["hé", " you"]
    assert read.choices[1].message.tool_calls is not None
    assert read.choices[1].message.tool_calls[0].id == "call_1"


def test_a_chunk_says_its_usage_only_where_it_is_asked_for() -> None:
    one = completion.delta_choice(index=0, delta={"content": "a"})
    plain = completion.chat_chunk(identity="1", model="m", created=1, choices=[one])
    counted = completion.chat_chunk(identity="1", model="m", created=1, choices=[one], usage=None)
    assert ChatCompletionChunk.model_validate(plain, strict=True).choices[0].delta.content == "a"
    assert "usage" not in plain
    assert counted["usage"] is None


def test_a_completions_tokens_have_their_places() -> None:
    told = completion.text_logprobs(CHANCES, offset=10)
    made = completion.text_completion(
        identity="cmpl-1",
        model="m",
        created=1,
        choices=[completion.text_choice(index=0, text="hé you", finish="stop", logprobs=told)],
    )
    logprobs = Completion.model_validate(made, strict=True).choices[0].logprobs
    assert logprobs is not None
    assert logprobs.text_offset == [10, 12]
    assert logprobs.top_logprobs == [{"hé": -0.5, "no": -2.0}, {}]
