"""The step of curation that drops rows which a trainer would cut, mangle or refuse, while quotas can still refill them.

The preflight of a whole dataset before it trains (`distill preflight`, `distill.student.preflight`) drops nothing: it names what
is wrong, and would stop at what this step leaves out.

    over_context   more tokens than the base reads; trainers cut such a row in silence, its answer first
    empty_answer   nothing to learn from
    over_reasoning the thinking before the answer adds more tokens than teacher.reasoning_tokens
    chat_markup    the text holds a token of the chat template, and would train as a turn of its own

Rows are never changed. What counts the tokens:

lora     counted by the base's own tokeniser; where the training libraries are not installed, by tiktoken,
         and the trainer counts again before it starts
hosted   counted by tiktoken, as the host bills
none     nothing is trained, so nothing is dropped
"""

from __future__ import annotations

import functools
import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from distill.base_model import local
from distill.base_model.local import LocalWeights
from distill.chat import conversation
from distill.executors import executor as executors
from distill.executors import frames
from distill.records import Json
from distill.tables.merged import merged
from distill.tables.outcome import Outcome, dropped_frame, ordered, partition, summary
from distill.task.task import Task
from distill.teacher.engines import embedded
from distill.text import tokens

if TYPE_CHECKING:
    import polars as pl


TokenCount = Callable[[Sequence[Mapping[str, Json]]], int]
"""Tokens of a conversation as the base reads it, template included."""


MOST_CONTEXT = 8192
"""Tokens of a row that is trained here, where the spec does not say: a base may read 128,000, and a step of such rows fits nowhere."""
HOSTED_CONTEXT = 65_536
"""Tokens a training row may hold at OpenAI's host for the models that it tunes; `student.train.context` overrides."""


def fit(task: Task, samples: pl.DataFrame) -> Outcome:
    """Partition the samples; the tokeniser is loaded only where there is a row to count."""
    train, most = task.spec.student.train, task.spec.teacher.reasoning_tokens
    if samples.height == 0 or (train.with_ == "none" and most is None):
        nothing = dropped_frame()
        return Outcome(ordered(samples), nothing, summary("preflight", samples.height, nothing), samples.clear())
    count, markup = _reader(task)
    context = None if train.with_ == "none" else context_of(task)
    executor = executors.current()
    # Other machines do not have the base's folder.
    with executors.using(executors.InProcess() if isinstance(count, _BaseCount) and not executor.near else executor):
        return check(samples, count=count, context=context, markup=markup, reasoning=most)


def context_of(task: Task) -> int:
    """Tokens that a training row may hold: what the spec says, or what the base reads."""
    train = task.spec.student.train
    if train.context is not None:
        return train.context
    if not train.local:
        return HOSTED_CONTEXT
    return local_context(train.base, task.base_weights)


def local_context(base: str, weights: LocalWeights | None) -> int:
    """Tokens of a row that trains here, where nothing else is said."""
    if base == embedded.MODEL or weights is None:
        return embedded.CONTEXT
    return min(local.context_of(weights.folder(weights=False)) or embedded.CONTEXT, MOST_CONTEXT)


def check(
    samples: pl.DataFrame,
    *,
    count: TokenCount,
    context: int | None,
    markup: Sequence[str] = (),
    reasoning: int | None = None,
) -> Outcome:
    """Partition the samples into those that can train whole and those that cannot.

    `count` and `markup` (special tokens, as text) come from the base's tokeniser, `context` is its limit in
    tokens, `reasoning` that of the tokens which thinking adds to a row. The report adds `tokens` of the kept rows and the `longest`.
    """
    import polars as pl

    rows = ordered(samples)
    if "reasoning" not in rows.columns:  # of rows made elsewhere, or before it could be kept
        rows = rows.with_columns(reasoning=pl.lit(""))
    executor, how = executors.current(), _Checking(count, context, tuple(markup), reasoning)
    found = list(executor.map("preflight", _check_part, frames.cut(rows, executor.rows), how))
    outcome = merged([part for part, _ in found])
    outcome.report["longest"] = max(longest for _, longest in found)
    return outcome


@dataclass(frozen=True, slots=True)
class _Checking:
    """What rows are checked with, as `check` takes it."""

    count: TokenCount
    context: int | None
    markup: tuple[str, ...]
    reasoning: int | None

    def fault(self, messages: list[conversation.Turn], thought: str) -> tuple[int, tuple[str, str] | None]:
        """(tokens of a row, why it cannot train)."""
        if fault := _unfit(messages, self.markup):
            return 0, fault
        size = self.count(messages)
        if thought and self.reasoning is not None:
            added = size - self.count(_without_thought(messages))
            if added > self.reasoning:
                said = f"{added} tokens of thinking, teacher.reasoning_tokens allows {self.reasoning}"
                return size, ("over_reasoning", said)
        if self.context is not None and size > self.context:
            return size, ("over_context", f"{size} tokens, the base reads {self.context}")
        return size, None


def _check_part(rows: pl.DataFrame, how: _Checking) -> tuple[Outcome, int]:
    """(some of the rows parted, the tokens of the longest that stays)."""
    drops, sizes = dict[int, tuple[str, str]](), list[int]()
    for index, row in enumerate(rows.select("prompt", "answer", "tool_calls", "reasoning").iter_rows()):
        prompt, answer, calls, thought = row
        messages = conversation.training_row(json.loads(prompt), answer, calls, thought)["messages"]
        size, fault = how.fault(messages, thought)
        if fault is None:
            sizes.append(size)
        else:
            drops[index] = fault
    outcome = partition(rows, drops, stage="preflight")
    outcome.report.update(tokens=sum(sizes))
    return outcome, max(sizes, default=0)


def _reader(task: Task) -> tuple[TokenCount, tuple[str, ...]]:
    weights = task.base_weights
    if weights is not None and importlib.util.find_spec("transformers"):
        count = _BaseCount(weights.folder(weights=False), weights.template)
        return count, _tokeniser(count.folder, count.template)[1]
    return functools.partial(tokens.count_messages, model=task.spec.student.train.base), ()


@dataclass(frozen=True, slots=True)
class _BaseCount:
    """Counts as the base in a folder reads; another process of this machine opens it anew."""

    folder: Path
    template: Path | None

    def __call__(self, messages: Sequence[Mapping[str, Json]]) -> int:
        return _tokeniser(self.folder, self.template)[0](messages)


@functools.cache
def _tokeniser(folder: Path, template: Path | None) -> tuple[TokenCount, tuple[str, ...]]:
    from distill.base_model import tokenise

    return tokenise.counter(folder, template)


def _without_thought(messages: Sequence[conversation.Turn]) -> list[conversation.Turn]:
    *before, answer = messages
    return [*before, {name: value for name, value in answer.items() if name != conversation.THOUGHT}]


def _unfit(messages: Sequence[conversation.Turn], markup: Sequence[str]) -> tuple[str, str] | None:
    answer = messages[-1]
    if not (answer["content"] or "").strip() and not answer.get("tool_calls"):
        return "empty_answer", "the answer has no text"
    texts = [str(turn["content"] or "") for turn in messages if turn["role"] != "system"]
    texts.append(str(answer.get(conversation.THOUGHT, "")))
    found = next((token for token in markup if any(token in text for text in texts)), None)
    return None if found is None else ("chat_markup", f"holds {found!r}, a token of the chat template")
