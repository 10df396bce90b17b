"""What counts the tokens of a row, and how many train: the base's own tokeniser and template, or an estimate by tiktoken where
only a host has them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from distill.records import Json, canonical
from distill.text import tokens

Turns = Sequence[Mapping[str, Json]]
Tools = Sequence[Mapping[str, Json]]
MARKUP = (
    "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|begin_of_text|>",
    "<start_of_turn>", "<end_of_turn>", "[INST]", "[/INST]", "<|start_of_role|>", "<|end_of_text|>", "<|assistant|>", "<|user|>",
)  # fmt: skip
"""Tokens of widespread chat templates, for bases whose own are not known here."""


class RowTokens(NamedTuple):
    """Tokens of a row, template included, and those of them that carry loss. A conversation of which several answers train is read once for
    each of them: `again` are the tokens of the readings before the last.
    """

    whole: int
    learnt: int
    again: int = 0
    answers: int = 1

    @property
    def read(self) -> int:
        """Tokens that an epoch here reads."""
        return self.whole + self.again


NONE = RowTokens(0, 0)

Count = Callable[[Turns, Tools], RowTokens]
"""Of a conversation that ends with the answer. FormatError where the template refuses it."""


@dataclass(frozen=True, slots=True)
class TokenCounter:
    """`by` names what counts; `exact` is whether what trains counts so too; `markup` are the template's tokens as text;
    `context` is how many tokens of a row train, None where nobody knows.
    """

    count: Count
    by: str
    exact: bool
    context: int | None
    markup: tuple[str, ...]


def of_base(folder: Path, template: Path | None, *, name: str, context: int) -> TokenCounter:
    """As the base in `folder` reads and trains a row."""
    from distill.base_model import load, tokenise

    tokenizer = load.tokeniser(folder, template)
    markup = sorted(str(token.content) for token in tokenizer.added_tokens_decoder.values() if token.special)

    def count(turns: Turns, tools: Tools) -> RowTokens:
        rows = list(tokenise.every_answer(turns, tokenizer, tools))
        learnt = sum(label != tokenise.IGNORED for row in rows for label in row.labels)
        again = sum(len(row.input_ids) for row in rows[:-1])
        return RowTokens(len(rows[-1].input_ids), learnt, again, len(rows))

    return TokenCounter(count, f"the tokeniser of {name}", True, context, tuple(markup))


def estimated(model: str, *, context: int | None) -> TokenCounter:
    """By tiktoken, with its vocabulary for `model`; right within some percent for OpenAI's models, in its order for others."""

    def count(turns: Turns, tools: Tools) -> RowTokens:
        listed = _counted(canonical(list(tools)), model) if tools else 0
        answers = [turn for turn in turns[:-1] if turn["role"] == "assistant" and turn.get("weight") == 1]
        learnt = sum(tokens.count_messages([turn], model) for turn in (*answers, *turns[-1:]))
        return RowTokens(tokens.count_messages(turns, model) + listed, learnt, answers=1 + len(answers))

    return TokenCounter(count, f"tiktoken ({tokens.encoding_name(model)})", False, context, MARKUP)


@functools.lru_cache(maxsize=64)
def _counted(spelt: str, model: str) -> int:
    return tokens.count(spelt, model)
