"""What a conversation is as tokens."""

from pathlib import Path
from typing import Any

import pytest
import tiny_models
from chats import chat, write_rows

from distill.base_model.tokenise import IGNORED, TrainError, counter, every_answer, read_rows, tokens_of


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_base)


def test_the_loss_is_on_the_answer_and_exactly_one_end_token(tokenizer: Any) -> None:
    row = tokens_of(chat("hi", '{"a": 1}')["messages"], tokenizer)
    learnt = [token for token in row.labels if token != IGNORED]
    assert tokenizer.decode(learnt) == '{"a": 1}<|im_end|>'
    assert learnt.count(tokenizer.eos_token_id) == 1
    assert len(row.labels) == len(row.input_ids)


def test_the_prompt_is_token_for_token_what_the_server_sees(tokenizer: Any) -> None:
    messages = chat("hi", "yes")["messages"]
    row = tokens_of(messages, tokenizer)
    prompt = tokenizer.apply_chat_template(messages[:-1], tokenize=False, add_generation_prompt=True)
    asked = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    assert row.input_ids[: len(asked)] == asked
    assert row.labels[: len(asked)] == [IGNORED] * len(asked)


def test_a_row_that_is_too_long_is_named_and_never_cut(tokenizer: Any, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "train.jsonl", 12)
    longest = max(len(row.input_ids) for row in read_rows(path, tokenizer, max_tokens=512))
    with pytest.raises(TrainError, match=rf"train.jsonl:11: {longest} tokens"):
        read_rows(path, tokenizer, max_tokens=longest - 1)  # "case 10" is the first with two digits


def test_the_counter_counts_what_trains(tiny_base: Path, tokenizer: Any) -> None:
    count, markup = counter(tiny_base)
    messages = chat("hi", "yes")["messages"]
    assert count(messages) == len(tokens_of(messages, tokenizer).input_ids)
    assert markup == ("<|im_end|>", "<|im_start|>")


def test_each_answer_that_trains_is_a_row_as_it_would_have_been_asked(tokenizer: Any) -> None:
    turns = [
        {"role": "user", "content": "a"}, {"role": "assistant", "content": "1", "weight": 0},
        {"role": "user", "content": "b"}, {"role": "assistant", "content": "2", "weight": 1},
        {"role": "user", "content": "c"}, {"role": "assistant", "content": "3"},
    ]  # fmt: skip
    rows = list(every_answer(turns, tokenizer))
    learnt = [tokenizer.decode([token for token in row.labels if token != IGNORED]) for row in rows]
    assert learnt == ["2<|im_end|>", "3<|im_end|>"]
    for row, until in zip(rows, (4, 6), strict=True):
        prompt = tokenizer.apply_chat_template(turns[: until - 1], tokenize=False, add_generation_prompt=True)
        asked = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        assert row.input_ids[: len(asked)] == asked
        assert row.labels[: len(asked)] == [IGNORED] * len(asked)


def test_a_thinking_base_trains_earlier_turns_as_they_were_asked() -> None:
    """Its template writes an empty thought before the last answer alone."""
    tokens = tiny_models.tokenizer(tiny_models.template("qwen3"))
    turns = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "1", "weight": 1},
        {"role": "user", "content": "b"},
    ]
    first, _ = every_answer([*turns, {"role": "assistant", "content": "2"}], tokens)
    assert first == tokens_of(turns[:2], tokens)
