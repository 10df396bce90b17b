"""The next token of an answer: penalties and biases, a grammar where there is one, temperature, the most likely ones that reach top_p, and
a draw by the question's own seed.
"""

from __future__ import annotations

import secrets
from collections import Counter
from typing import TYPE_CHECKING

from distill.host.serving.engine import ModelQuestion

if TYPE_CHECKING:
    import torch

    from distill.host.serving.engines.json_grammar import JsonGrammar


class TokenChoice:
    """Draws the tokens of one answer, in turn; equal seeds draw equal ones from equal logits."""

    def __init__(self, question: ModelQuestion, grammar: JsonGrammar | None = None) -> None:
        import torch

        self._question, self._grammar = question, grammar
        self._written: Counter[int] = Counter()
        self._random = torch.Generator()
        self._random.manual_seed((secrets.randbits(63) if question.seed is None else question.seed) % 2**63)

    def draw(self, logits: torch.Tensor) -> int:
        """The next token, given its logits (one row, fp32, on the CPU)."""
        import torch

        changed = self._changed(logits)
        if self._grammar is not None:
            changed = self._grammar.allowed(changed)
        if self._question.temperature < 1e-5 or self._question.top_p <= 0:
            token = int(changed.argmax())
        else:
            chances = top(torch.softmax(changed / self._question.temperature, -1), self._question.top_p)
            token = int(torch.multinomial(chances, 1, generator=self._random))
        self._written[token] += 1
        if self._grammar is not None:
            self._grammar.take(token)
        return token

    def _changed(self, logits: torch.Tensor) -> torch.Tensor:
        asked = self._question
        if not (asked.logit_bias or asked.presence_penalty or asked.frequency_penalty):
            return logits
        changed = logits.clone()
        for token, added in asked.logit_bias.items():
            if token < len(changed):
                changed[token] += added
        for token, times in self._written.items():
            changed[token] -= asked.presence_penalty + asked.frequency_penalty * times
        return changed


def top(chances: torch.Tensor, share: float) -> torch.Tensor:
    """The fewest tokens that together have this share of the probability; the others get none."""
    if share >= 1:
        return chances
    ordered, places = chances.sort(descending=True)
    kept = ordered.cumsum(-1) - ordered < share
    found = chances.new_zeros(chances.shape)
    found[places[kept]] = ordered[kept]
    return found
