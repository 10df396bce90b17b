"""Many answers written at a time by one model of transformers, each drawn by its own settings and told while it grows.

A batch holds prompts padded on the left. An answer that has ended, or whose client has gone, takes part until the longest has ended, but
is told nothing any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from distill.host.serving.engine import ModelQuestion, Piece, TokenChance
from distill.host.serving.engines.prompt import TokenPrompt
from distill.host.serving.engines.token_choice import TokenChoice
from distill.host.serving.engines.written_text import GrowingText, StoppingText

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from distill.host.serving.engines.json_grammar import JsonGrammar

Tell = Callable[[Piece], None]


@dataclass(slots=True)
class Writing:
    """One answer in the making; `gone` is set where nobody waits for it any more."""

    question: ModelQuestion
    read: TokenPrompt
    tell: Tell
    grammar: JsonGrammar | None = None
    gone: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class _Row:
    """What one answer of a batch has come to."""

    writing: Writing
    tokenizer: PreTrainedTokenizerBase
    stops: Sequence[int]
    choice: TokenChoice = field(init=False)
    growing: GrowingText = field(init=False)
    text: StoppingText = field(init=False)
    ended: bool = False

    def __post_init__(self) -> None:
        self.choice = TokenChoice(self.writing.question, self.writing.grammar)
        self.growing = GrowingText(lambda ids: self.tokenizer.decode(list(ids), skip_special_tokens=True))
        self.text = StoppingText(self.writing.question.stop)

    def step(self, logits: torch.Tensor) -> int:
        """Draw the next token and tell what it adds."""
        if self.ended or self.writing.gone.is_set():
            self.ended = True
            return self.stops[0]
        token = self.choice.draw(logits)
        if token in self.stops:
            self._end("stop", self.text.add(self.growing.rest()) + self.text.rest(), extra=1)
            return token
        told, chances = self.text.add(self.growing.add(token)), self._chances(logits, token)
        if self.text.stopped:
            self._end("stop", told)
        elif len(self.growing.ids) >= self.writing.read.most:
            told += self.text.add(self.growing.rest())
            self._end("stop" if self.text.stopped else "length", told + self.text.rest(), chances)
        elif told or chances:
            self.writing.tell(Piece(told, chances))
        return token

    def _end(self, finish: str, text: str, chances: Sequence[TokenChance] = (), *, extra: int = 0) -> None:
        self.ended = True
        written, read = len(self.growing.ids) + extra, len(self.writing.read.ids)
        self.writing.tell(Piece(text, chances, finish=finish, prompt_tokens=read, completion_tokens=written))

    def _chances(self, logits: torch.Tensor, token: int) -> Sequence[TokenChance]:
        most = self.writing.question.logprobs
        if most is None:
            return ()
        logs = logits.log_softmax(-1)
        values, ids = logs.topk(most) if most else ((), ())
        top = [(self._token(int(one)), float(log)) for log, one in zip(values, ids, strict=True)]
        return [TokenChance(self._token(token), float(logs[token]), top)]

    def _token(self, token: int) -> str:
        return str(self.tokenizer.decode([token]))


def decode(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, stops: Sequence[int], writings: Sequence[Writing]
) -> None:
    """Write all answers of a batch; returns when each has been told its end, or nobody waits for it."""
    import torch
    from transformers import LogitsProcessorList, StoppingCriteriaList

    rows = [_Row(writing, tokenizer, stops) for writing in writings]
    ids, mask = _padded([writing.read.ids for writing in writings], stops[0])

    def choose(_: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """As a logits processor: all but the drawn tokens are made impossible."""
        logits = scores.float().cpu()
        drawn = [row.step(one) for row, one in zip(rows, logits, strict=True)]
        forced = torch.full_like(scores, float("-inf"))
        forced[torch.arange(len(drawn)), torch.tensor(drawn, device=scores.device)] = 0
        return forced

    def ended(read: torch.Tensor, _: torch.Tensor, **__: object) -> torch.Tensor:
        return torch.tensor([row.ended for row in rows], device=read.device)

    with torch.inference_mode():
        model.generate(
            input_ids=ids.to(model.device), attention_mask=mask.to(model.device), do_sample=False, temperature=None, top_p=None,
            top_k=None, max_new_tokens=max(writing.read.most for writing in writings), eos_token_id=list(stops), pad_token_id=stops[0],
            logits_processor=LogitsProcessorList([choose]), stopping_criteria=StoppingCriteriaList([ended]),
        )  # fmt: skip


def _padded(prompts: Sequence[Sequence[int]], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    width = max(map(len, prompts))
    ids = torch.full((len(prompts), width), pad)
    mask = torch.zeros((len(prompts), width), dtype=torch.long)
    for row, prompt in enumerate(prompts):
        ids[row, width - len(prompt) :] = torch.tensor(list(prompt))
        mask[row, width - len(prompt) :] = 1
    return ids, mask
