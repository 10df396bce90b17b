"""What a base writes of its thinking, by the chat templates that families of models really have."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_models

from distill.base_model import load
from distill.base_model.chat_format import FormatError, chat_format
from distill.base_model.local import LocalWeights
from distill.base_model.thoughts import THINKS
from distill.base_model.tokenise import IGNORED, tokens_of

TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "hi there"},
    {"role": "assistant", "content": ' {"a": 1}\n'},
]
ENDS = {
    "qwen3": "<|im_end|>", "qwen3_5_think": "<|im_end|>", "deepseek_r1_distill": "<｜end▁of▁sentence｜>", "gptoss": "<|return|>", "glm4moe": "</s>",
}  # fmt: skip
THOUGHT = "It is a greeting.\nBe kind."
KEPT = {
    "qwen3": "<think>\n" + THOUGHT + "\n</think>\n\n",
    "qwen3_5_think": THOUGHT + "\n</think>\n\n",
    "deepseek_r1_distill": THOUGHT + "\n</think>\n\n",  # its prompt opens the thought, and it reads no field for one
    "gptoss": "<|channel|>analysis<|message|>" + THOUGHT + "<|end|><|start|>assistant<|channel|>final<|message|>",
    "glm4moe": "\n<think>" + THOUGHT + "</think>\n",
}
"""What a template that thinks writes between its prompt and an answer."""


@pytest.mark.parametrize("name", KEPT)
def test_a_thought_trains_as_the_template_writes_it(name: str) -> None:
    tokenizer = tiny_models.tokenizer(THINKS + tiny_models.template(name))
    row = tokens_of([*TURNS[:-1], TURNS[-1] | {"reasoning_content": THOUGHT}], tokenizer)
    learnt = [token for token in row.labels if token != IGNORED]
    assert tokenizer.decode(learnt, skip_special_tokens=False) == KEPT[name] + TURNS[-1]["content"] + ENDS[name]
    asked = tokenizer(chat_format(tokenizer).prompt(TURNS[:-1]), add_special_tokens=False)["input_ids"]
    assert row.input_ids == asked + learnt
    assert "</think>" not in tokenizer.decode(asked).rpartition("hi there")[2], "it is asked to think"


@pytest.mark.parametrize("name", KEPT)
def test_a_thought_is_no_part_of_a_row_where_the_base_does_not_think(name: str) -> None:
    tokenizer = tiny_models.tokenizer(tiny_models.template(name))
    thoughtful = [*TURNS[:-1], TURNS[-1] | {"reasoning_content": THOUGHT}]
    assert tokens_of(thoughtful, tokenizer) == tokens_of(TURNS, tokenizer)


@pytest.mark.parametrize("name", KEPT)
def test_a_row_without_a_thought_trains_beside_those_that_have_one(name: str) -> None:
    tokenizer = tiny_models.tokenizer(THINKS + tiny_models.template(name))
    written = chat_format(tokenizer).answer(TURNS)
    assert written.endswith(TURNS[-1]["content"] + ENDS[name])
    assert "0d3e4f" not in written
    assert "0a1b2c" not in written


def test_a_thought_stands_before_calls_of_tools() -> None:
    tokenizer = tiny_models.tokenizer(THINKS + tiny_models.template("qwen3"))
    call = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": {"city": "Oslo"}}}
    said = {"role": "assistant", "content": "", "tool_calls": [call], "reasoning_content": THOUGHT}
    written = chat_format(tokenizer).answer([*TURNS[:-1], said])
    assert written.startswith(f"<think>\n{THOUGHT}\n</think>\n\n<tool_call>")
    assert written.count("<think>") == 1


@pytest.mark.parametrize("name", ["chatml", "llama3_2", "gemma"])
def test_a_template_without_a_place_for_thinking_is_refused(name: str) -> None:
    tokenizer = tiny_models.tokenizer(THINKS + tiny_models.template(name))
    with pytest.raises(FormatError, match=r"no place for thinking.*teacher\.reasoning: drop"):
        chat_format(tokenizer)


def test_the_template_of_a_base_that_thinks_is_made_of_its_own(
    tiny_family: Callable[[str], Path], tmp_path: Path
) -> None:
    """Whoever renders it later is told to think, with no setting of theirs; the base's folder is left as it was."""
    shutil.copytree(tiny_family("qwen3"), tmp_path / "base")
    before = sorted(path.name for path in (tmp_path / "base").iterdir())
    plain, thinks = (LocalWeights("./base", tmp_path, tmp_path / "cache", None, kind) for kind in (False, True))
    assert plain.template is None
    assert thinks.template is not None
    assert thinks.template == thinks.template
    tokenizer = load.tokeniser(thinks.folder(), thinks.template)
    assert chat_format(tokenizer).prompt(TURNS[:-1]).endswith("<|im_start|>assistant\n")
    assert thinks.identity != plain.identity
    assert sorted(path.name for path in (tmp_path / "base").iterdir()) == before
