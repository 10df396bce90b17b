"""The base with examples: the student's prompt, and before each test row the training rows that are most like it, as turns of the chat.

    system       the student's prompt
    user         the input of a training row          assistant    its answer
    …            the nearest row stands last
    user         the test row

Nearness is the overlap of 4-grams of the inputs (`distill.similarity.jaccard`), so it is the same on every machine. Rows are taken from
those that train, never from the test rows; of rows that do not fit into the context the farthest are left out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.chat.conversation import Turn
from distill.chat.templates import Template
from distill.similarity.jaccard import nearest
from distill.text import tokens

if TYPE_CHECKING:
    import polars as pl

COLUMNS = ["seed_id", "fate", "input", "prompt", "answer", "tool_calls"]
"""Those of samples.parquet that examples are made of."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows to choose from: n inputs, and of each the turns that show it; `count` of them are shown to a test row at the most."""

    inputs: Sequence[str]
    turns: Sequence[Sequence[Turn]]
    count: int
    room: int
    """Tokens that a prompt may have: the context, less the longest answer."""
    to_come: int = 0
    """Tokens of an answer that is not there yet, of each example; only before the run."""

    def conversations(self, template: Template, tests: pl.DataFrame) -> list[list[Turn]]:
        """What is sent for each test row (seed_id, input, fields as JSON), in their order."""
        places = nearest(tests["input"].to_list(), self.inputs, self.count)
        filled = [template.fill(json.loads(fields)) for fields in tests["fields"]]
        return [self._shown(turns, near) for turns, near in zip(filled, places, strict=True)]

    def _shown(self, own: list[Turn], near: Sequence[int]) -> list[Turn]:
        system = [turn for turn in own if turn["role"] == "system"]
        question = [turn for turn in own if turn["role"] != "system"]
        left, examples = self.room - tokens.count_messages(own), list[Turn]()
        for place in near:
            left -= tokens.count_messages(self.turns[place]) + self.to_come
            if left < 0:
                break
            examples = [*self.turns[place], *examples]
        return [*system, *examples, *question]


def examples_of(samples: pl.DataFrame, *, count: int, room: int) -> Examples:
    """The rows of samples.parquet that train, each seed once, but those that call a tool."""
    import polars as pl

    kept = samples.filter((pl.col("fate") == "train") & (pl.col("tool_calls") == ""))
    kept = kept.unique("seed_id", keep="first", maintain_order=True).sort("seed_id")
    turns = [_pair(json.loads(prompt), answer) for prompt, answer in kept.select("prompt", "answer").iter_rows()]
    return Examples(kept["input"].to_list(), turns, count, room)


def longest(seeds: pl.DataFrame, template: Template, *, count: int, room: int, answer: int) -> Examples:
    """What examples can come to before there are answers: the longest training rows, each with `answer` tokens to come."""
    import polars as pl

    rows = seeds.sort(pl.col("input").str.len_bytes(), descending=True).head(count)
    turns = [_pair(template.fill(json.loads(fields)), "") for fields in rows["fields"]]
    return Examples(rows["input"].to_list(), turns, count, room, answer)


def _pair(prompt: Sequence[Turn], answer: str) -> list[Turn]:
    return [*(turn for turn in prompt if turn["role"] != "system"), {"role": "assistant", "content": answer}]
