"""Conversations as token ids, read as the server will read them at inference.

Prompt and answer are tokenised apart, since the server sees the prompt alone; the answer ends with the token
that ends a turn (`chat_format`), or the student would never learn to stop. Nothing is cut and nothing is masked in silence:
what cannot be read that way is a `TrainError`, or a `FormatError` of the template.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from distill.base_model import load
from distill.base_model.chat_format import Turns, chat_format
from distill.errors import DistillError
from distill.records import Json

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100
"""The label of a token that carries no loss."""


class TrainError(DistillError):
    """Training stopped; nothing was written."""


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One conversation; `labels` equal `input_ids` on the answer and its end, and are `IGNORED` before."""

    input_ids: list[int]
    labels: list[int]


def tokens_of(turns: Turns, tokenizer: PreTrainedTokenizerBase, tools: Sequence[Mapping[str, Json]] = ()) -> TokenRow:
    """Prompt and answer, tokenised apart as at inference; the last turn must be the assistant's."""
    format_ = chat_format(tokenizer)
    before = tokenizer(format_.prompt(turns[:-1], tools), add_special_tokens=False)["input_ids"]
    after = tokenizer(format_.answer(turns, tools), add_special_tokens=False)["input_ids"]
    return TokenRow([*before, *after], [IGNORED] * len(before) + list(after))


def every_answer(
    turns: Turns, tokenizer: PreTrainedTokenizerBase, tools: Sequence[Mapping[str, Json]] = ()
) -> Iterator[TokenRow]:
    """A row for each of the assistant's turns that trains: the last, and those before it with a weight of 1. Each is read as it would have
    been asked: a template may write a turn otherwise once others follow it.
    """
    for place, turn in enumerate(turns, 1):
        if place == len(turns) or (turn["role"] == "assistant" and turn.get("weight") == 1):
            yield tokens_of(turns[:place], tokenizer, tools)


def read_rows(path: Path, tokenizer: PreTrainedTokenizerBase, *, max_tokens: int) -> list[TokenRow]:
    """Every answer that trains of a chat JSONL file; `TrainError` names the first row that is longer than `max_tokens`."""
    lines = [json.loads(line) for line in path.read_bytes().split(b"\n") if line]
    rows = [
        (number, row)
        for number, line in enumerate(lines, start=1)
        for row in every_answer(line["messages"], tokenizer, line.get("tools") or ())
    ]
    for number, row in rows:
        if len(row.input_ids) > max_tokens:
            raise TrainError(
                f"{path}:{number}: {len(row.input_ids)} tokens, more than max_tokens = {max_tokens}; "
                "rows are never cut: let preflight drop it, or raise max_tokens"
            )
    return [row for _, row in rows]


def counter(
    base: Path, template: Path | None = None
) -> tuple[Callable[[Sequence[Mapping[str, Json]]], int], tuple[str, ...]]:
    """For pre-flight: counts a conversation's tokens as `base` reads it; and its special tokens as text."""
    tokenizer = load.tokeniser(base, template)
    markup = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    return lambda messages: len(tokens_of(messages, tokenizer).input_ids), tuple(sorted(markup))
