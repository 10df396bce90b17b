"""What a question reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from distill.base_model.chat_format import chat_format
from distill.host.serving.engine import ModelQuestion
from distill.host.serving.engines import prompt
from distill.protocol.error import ApiError

pytest.importorskip("torch", reason="the training extra is not installed")

TURNS: Any = [{"role": "user", "content": "hello"}]
TOOLS: Any = [
    {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}},
    {"type": "function", "function": {"name": "buy"}},
]


def test_a_chat_is_read_as_it_is_trained(tiny_base: Path) -> None:
    tokenizer = prompt.tokeniser(tiny_base)
    ids = prompt.prompt(tokenizer, ModelQuestion(messages=TURNS), context=512).ids
    assert tokenizer.decode(ids) == chat_format(tokenizer).prompt(TURNS)


def test_an_answer_may_take_what_the_window_leaves(tiny_base: Path) -> None:
    tokenizer = prompt.tokeniser(tiny_base)
    read = prompt.prompt(tokenizer, ModelQuestion(prompt="abcd"), context=10)
    assert (len(read.ids), read.most) == (4, 6)
    assert prompt.prompt(tokenizer, ModelQuestion(prompt="abcd", max_tokens=99), context=10).most == 6
    assert prompt.prompt(tokenizer, ModelQuestion(prompt="abcd", max_tokens=2), context=10).most == 2
    with pytest.raises(ApiError, match="maximum context length is 4") as raised:
        prompt.prompt(tokenizer, ModelQuestion(prompt="abcd"), context=4)
    assert raised.value.code == "context_length_exceeded"


def test_a_base_without_a_template_writes_completions_and_no_chat(tiny_base: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    bare = AutoTokenizer.from_pretrained(tiny_base)
    bare.chat_template = None
    bare.save_pretrained(tmp_path)
    tokenizer = prompt.tokeniser(tmp_path)
    assert prompt.prompt(tokenizer, ModelQuestion(prompt="a"), context=9).ids
    with pytest.raises(ApiError, match="no chat template"):
        prompt.prompt(tokenizer, ModelQuestion(messages=TURNS), context=99)


def test_tools_stand_in_the_prompt_or_are_refused(tiny_base: Path, tiny_family: Callable[[str], Path]) -> None:
    tokenizer = prompt.tokeniser(tiny_family("qwen3"))
    read = prompt.prompt(tokenizer, ModelQuestion(messages=TURNS, tools=TOOLS), context=None)
    assert '"name": "look"' in tokenizer.decode(read.ids)
    with pytest.raises(ApiError, match="no place for tools"):
        prompt.prompt(prompt.tokeniser(tiny_base), ModelQuestion(messages=TURNS, tools=TOOLS), context=None)


def test_a_call_that_is_required_is_a_schema() -> None:
    free = ModelQuestion(messages=TURNS, tools=TOOLS)
    assert prompt.forced(free) == free
    assert prompt.forced(ModelQuestion(messages=TURNS, tools=TOOLS, tool_choice="none")).tools == ()
    both = prompt.forced(ModelQuestion(messages=TURNS, tools=TOOLS, tool_choice="required")).schema or {}
    assert [one["properties"]["name"]["const"] for one in both["anyOf"]] == ["look", "buy"]
    named = prompt.forced(
        ModelQuestion(messages=TURNS, tools=TOOLS, tool_choice={"type": "function", "function": {"name": "buy"}})
    )
    assert (named.schema or {})["properties"]["name"] == {"const": "buy"}
