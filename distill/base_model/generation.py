"""Greedy answers of a base or of its student, many at a time.

A batch holds prompts of like length, padded on the left; what all of them begin with is read once. What a row gets does not
depend on its neighbours but for the last digits of its logits: rows of one batch are the rows that were waiting, so a tie may
fall the other way in another run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from distill.base_model import load, shared_prefix
from distill.base_model.chat_format import chat_format
from distill.base_model.quiet import quiet

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

BATCH_TOKENS = 16_384
"""Of prompts and answers in one batch, padding included."""

PADDED, SLACK = 1.2, 32
"""How long the longest prompt of a batch may be: so many times the shortest, and so many tokens more. A batch that is begun
anew costs more than the padding of short prompts does.
"""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is read, as token ids, and how many tokens may be written."""

    ids: Sequence[int]
    most: int
    logprobs: bool = False
    """Whether the probabilities of what is written are wanted."""


@dataclass(frozen=True, slots=True)
class WrittenAnswer:
    """What was written, without the token that ended it; `whole` is False where it was cut off at the limit. `seconds` is the
    row's share of its batch's time.
    """

    text: str
    tokens: int
    whole: bool
    seconds: float = field(default=0.0, compare=False)
    logprobs: Sequence[tuple[str, float]] = field(default=(), compare=False)
    """(text, natural log of its probability) of each token written, where they are wanted."""


@dataclass(slots=True)
class _Chosen:
    """Notes at each step how probable the token is that a greedy answer goes on with: the likeliest one."""

    steps: list[Tensor] = field(default_factory=list)

    def __call__(self, _: Tensor, scores: Tensor) -> Tensor:
        self.steps.append(scores.float().log_softmax(-1).amax(-1))
        return scores

    def of_rows(self) -> list[list[float]]:
        """Row by row, the steps of each."""
        import torch

        found: list[list[float]] = torch.stack(self.steps, dim=1).tolist()
        return found


@dataclass(slots=True)
class Generator:
    """A model with its tokeniser, ready to answer."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase

    def prompt(self, turns: Sequence[dict[str, object]], most: int, tools: Sequence[dict[str, object]] = ()) -> Prompt:
        """A conversation as the model reads it; FormatError where its template refuses it."""
        text = chat_format(self.tokenizer).prompt(turns, tools)
        return Prompt(self.tokenizer(text, add_special_tokens=False)["input_ids"], most)

    def write(self, prompts: Sequence[Prompt]) -> list[WrittenAnswer]:
        """An answer to each prompt, in their order."""
        found: dict[int, WrittenAnswer] = {}
        for places in _batches(prompts):
            started = time.perf_counter()
            answers = self._batch([prompts[place] for place in places])
            each = (time.perf_counter() - started) / len(places)
            found |= {place: replace(one, seconds=each) for place, one in zip(places, answers, strict=True)}
        return [found[place] for place in range(len(prompts))]

    def _batch(self, prompts: Sequence[Prompt]) -> list[WrittenAnswer]:
        import torch

        stops = list(chat_format(self.tokenizer).stops)
        width, most = max(len(prompt.ids) for prompt in prompts), max(prompt.most for prompt in prompts)
        same = shared_prefix.length([prompt.ids for prompt in prompts])
        chosen = _Chosen() if any(prompt.logprobs for prompt in prompts) else None
        with torch.inference_mode(), quiet():
            known = shared_prefix.read(self.model, prompts[0].ids[:same], len(prompts)) if same else None
            ids, mask = _padded(prompts, width, stops[0], 0 if known is None else same)
            out = self.model.generate(
                input_ids=ids.to(self.model.device), attention_mask=mask.to(self.model.device), max_new_tokens=most,
                past_key_values=known, do_sample=False, temperature=None, top_p=None, top_k=None, eos_token_id=stops, pad_token_id=stops[0],
                logits_processor=[chosen] if chosen else None,
            )  # fmt: skip
        return [
            self._written(row, prompt.most, stops, sure)
            for row, prompt, sure in zip(
                out[:, width:].tolist(), prompts, chosen.of_rows() if chosen else [[]] * len(prompts), strict=True
            )
        ]

    def _written(self, row: list[int], most: int, stops: Sequence[int], sure: Sequence[float]) -> WrittenAnswer:
        end = next((place for place, token in enumerate(row[:most]) if token in stops), None)
        kept = row[: most if end is None else end]
        return WrittenAnswer(
            self.tokenizer.decode(kept, skip_special_tokens=True), len(kept) + (end is not None), end is not None,
            logprobs=list(zip(self._pieces(kept), sure, strict=False)) if sure else (),
        )  # fmt: skip

    def _pieces(self, kept: list[int]) -> list[str]:
        """What each token adds to the text; half a letter adds nothing until the other half is there."""
        pieces, before = [], ""
        for end in range(1, len(kept) + 1):
            text = self.tokenizer.decode(kept[:end], skip_special_tokens=True)
            if text.endswith("\ufffd") and end < len(kept):
                pieces.append("")
                continue
            pieces.append(text[len(before) :])
            before = text
        return pieces


def generator(folder: Path, adapter: Path | None = None, template: Path | None = None) -> Generator:
    """The base of a folder, with a peft adapter merged into it if one is given."""
    tokenizer = load.tokeniser(folder, template)
    model = load.model(folder)
    if adapter is not None:
        from peft import PeftModel

        with quiet():
            model = PeftModel.from_pretrained(model, adapter).merge_and_unload()
    return Generator(model.eval(), tokenizer)


def _batches(prompts: Sequence[Prompt]) -> Iterator[list[int]]:
    """Places of prompts of like length: a batch holds BATCH_TOKENS at the most, and its longest is little longer than its shortest,
    for padding takes as long as tokens do.
    """
    batch: list[int] = []
    shortest = most = 0
    for place in sorted(range(len(prompts)), key=lambda place: len(prompts[place].ids)):
        width, most = len(prompts[place].ids), max(most, prompts[place].most)
        full = (len(batch) + 1) * (width + most) > BATCH_TOKENS
        if batch and (full or width > PADDED * shortest + SLACK):
            yield batch
            batch, most = [], prompts[place].most
        if not batch:
            shortest = width
        batch.append(place)
    if batch:
        yield batch


def _padded(prompts: Sequence[Prompt], width: int, pad: int, same: int) -> tuple[Tensor, Tensor]:
    """(ids, mask), both (rows, width), padded on the left of what is each row's own: behind the tokens that all begin with."""
    import torch

    ids = torch.full((len(prompts), width), pad)
    mask = torch.zeros((len(prompts), width), dtype=torch.long)
    ids[:, :same] = torch.tensor(prompts[0].ids[:same])
    mask[:, :same] = 1
    for row, prompt in enumerate(prompts):
        begin = width - len(prompt.ids) + same
        ids[row, begin:] = torch.tensor(prompt.ids[same:])
        mask[row, begin:] = 1
    return ids, mask
