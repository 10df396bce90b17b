"""Conversations as token ids, read as the server will read them at inference.

Prompt and answer are tokenised apart, since the server sees the prompt alone; the answer ends with the token
that ends a turn, or the student would never learn to stop. Nothing is cut and nothing is masked in silence:
what cannot be read that way is a `TrainError`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from distill.errors import DistillError
from distill.records import Json

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100
"""The label of a token that carries no loss."""


class TrainError(DistillError):
    """Training stopped; no adapter was written."""


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One conversation; `labels` equal `input_ids` on the answer and its end, and are `IGNORED` before."""

    input_ids: list[int]
    labels: list[int]


def tokens_of(messages: Sequence[Mapping[str, Json]], tokenizer: PreTrainedTokenizerBase) -> TokenRow:
    """Prompt and answer, tokenised apart as at inference; the last message must be the assistant's."""
    prompt = tokenizer.apply_chat_template(list(messages[:-1]), tokenize=False, add_generation_prompt=True)
    whole = tokenizer.apply_chat_template(list(messages), tokenize=False)
    answer = messages[-1]["content"] + tokenizer.eos_token
    if not whole.startswith(prompt + answer):
        raise TrainError(
            f"the chat template does not render an answer as prompt + answer + {tokenizer.eos_token!r}, "
            f"so the student would never learn to stop; it renders …{whole[-60:]!r}. "
            "Set the tokeniser's eos_token to what ends a turn."
        )
    before = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    after = tokenizer(answer, add_special_tokens=False)["input_ids"]
    return TokenRow([*before, *after], [IGNORED] * len(before) + list(after))


def read_rows(path: Path, tokenizer: PreTrainedTokenizerBase, *, max_tokens: int) -> list[TokenRow]:
    """Every row of a chat JSONL file; `TrainError` names the first that is longer than `max_tokens`."""
    lines = [line for line in path.read_bytes().split(b"\n") if line]
    rows = [tokens_of(json.loads(line)["messages"], tokenizer) for line in lines]
    for number, row in enumerate(rows, start=1):
        if len(row.input_ids) > max_tokens:
            raise TrainError(
                f"{path}:{number}: {len(row.input_ids)} tokens, more than max_tokens = {max_tokens}; "
                "rows are never cut: let preflight drop it, or raise max_tokens"
            )
    return rows


def counter(base: Path) -> tuple[Callable[[Sequence[Mapping[str, Json]]], int], tuple[str, ...]]:
    """For pre-flight: counts a conversation's tokens as `base` reads it; and its special tokens as text."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    markup = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    return lambda messages: len(tokens_of(messages, tokenizer).input_ids), tuple(sorted(markup))
