"""What an endpoint counts, beside what we do: its tokeniser is not ours, and what it calls a completion may be more than
`max_tokens` allows. Learnt from every answer, and at the start from those that the store holds of the same model.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from distill.records import Request, Usage
from distill.teacher.endpoint.wire import without_user
from distill.teacher.requests import ceiling
from distill.teacher.store import queries
from distill.teacher.store.store import Store
from distill.text import tokens

_SURE = 64
"""Answers after which an endpoint is taken to count as it has so far; before, the fewer there are the less is risked."""
_SPARE = 1.25
"""Room above the most that was counted, where an endpoint has passed max_tokens once."""
_PROBES = 4
"""Attempts without an answer after which no more is waited for the first one."""
_LONG = 256
"""Tokens from which on a prompt's count tells whether it was cut."""
_LESS = 1.15
"""Times as many tokens by our count are more than another tokeniser's whim."""
_ENOUGH = 256
"""Of the answers that the store holds: the newest."""
_CHARS = 2_000_000
"""Of the conversations that are counted at the start: a few megabytes take a second."""


@dataclass(slots=True)
class TokenCounts:
    """The endpoint's own counts, for the budget, the pace, and whoever must know of them."""

    answers: int = 0
    failures: int = 0
    most_prompt: float = 1.0
    """The most prompt tokens that it has counted for one of ours."""
    most_completion: float = 1.0
    """The same of completion tokens, for one of max_tokens."""
    excess: int = 0
    """The most completion tokens that it has counted above max_tokens."""
    warnings: list[str] = field(default_factory=list)
    _prompt: float = 1.0
    _completion: float = -1.0
    _short: int = 0
    _top: int = 0
    _at_top: set[int] = field(default_factory=set)

    @property
    def known(self) -> bool:
        """Whether more than one call at a time may be risked: it has answered, or gives no answer to learn from."""
        return self.answers > 0 or self.failures >= _PROBES

    def caution(self) -> float:
        """How many times as dear as expected the calls in flight may turn out without passing the wall."""
        return max(1.0, _SURE / max(1, self.answers))

    def theirs(self, most: Usage) -> Usage:
        """A ceiling in the endpoint's own tokens: by the most that it has counted so far."""
        completion = most.completion_tokens
        if self.excess:
            completion = math.ceil(_SPARE * max(completion * self.most_completion, completion + self.excess))
        prompt = math.ceil(most.prompt_tokens * self.most_prompt)
        return replace(most, prompt_tokens=prompt, completion_tokens=completion)

    def guess(self, most: Usage) -> int:
        """Tokens that a call will likely use: its ceiling at first, then what the others came to."""
        if self._completion < 0:
            return most.prompt_tokens + most.completion_tokens
        theirs = self.theirs(most).completion_tokens
        return round(most.prompt_tokens * self._prompt + min(theirs, 1.2 * self._completion + 4))

    def learn(self, most: Usage, usage: Usage, turns: Callable[[], int] | None = None) -> str | None:
        """One more answer; the sentence that has to be said, where it shows something new and odd.

        `turns` counts the conversation alone: many endpoints do not count schemas and tools.
        """
        self.answers += 1
        if not usage.measured or not most.prompt_tokens:
            return None
        ratio, used = usage.prompt_tokens / most.prompt_tokens, usage.completion_tokens
        first = self._completion < 0
        self._prompt = ratio if first else 0.95 * self._prompt + 0.05 * ratio
        self._completion = float(used) if first else 0.95 * self._completion + 0.05 * used
        self.most_prompt = max(self.most_prompt, ratio)
        said = [self._above(most.completion_tokens, used), self._cut(most.prompt_tokens, usage.prompt_tokens, turns)]
        new = [one for one in said if one is not None]
        self.warnings += new
        return "; ".join(new) or None

    def lost(self, most: Usage, usage: Usage) -> str | None:
        """What an attempt without an answer was counted: it is billed all the same, so the budget has to hold it too."""
        if most.prompt_tokens:
            self.most_prompt = max(self.most_prompt, usage.prompt_tokens / most.prompt_tokens)
        said = self._above(most.completion_tokens, usage.completion_tokens)
        self.warnings += [said] if said else []
        return said

    def _above(self, limit: int, used: int) -> str | None:
        if used <= limit or limit <= 0:
            return None
        new = self.excess == 0
        self.excess = max(self.excess, used - limit)
        self.most_completion = max(self.most_completion, used / limit)
        return (
            f"the endpoint counts more tokens than max_tokens allows ({used:,} for {limit:,}), as reasoning models do; from here "
            "on the budget holds what it counts for each call"
        ) if new else None  # fmt: skip

    def _cut(self, sent: int, read: int, turns: Callable[[], int] | None) -> str | None:
        """A prompt that the server cut: its count is far below ours, or the same for prompts of many lengths."""
        less = sent > _LESS * read
        sent = turns() if less and turns is not None else sent
        if sent < _LONG:
            return None
        self._short = self._short + 1 if read * 4 < sent else 0
        if read > self._top:
            self._top, self._at_top = read, set()
        if read == self._top and sent > _LESS * read and len(self._at_top) < _LONG:
            self._at_top.add(sent)
        capped = len(self._at_top) >= 3 and max(self._at_top) > 1.3 * min(self._at_top)
        short = self._short >= 3 or (self._short and read * 10 < sent and sent > 4 * _LONG)
        if not (short or capped) or any("prompt tokens where" in said for said in self.warnings):
            return None
        return (
            f"the endpoint counts {read:,} prompt tokens where about {sent:,} were sent: most likely it cuts long prompts (look "
            "at its context length), and answers what it has not read"
        )


def stored_usage(store: Store, endpoint: str, model: str) -> list[tuple[Request, Usage]]:
    """The newest answers of a model that the store holds, the oldest of them first."""
    return _oldest_first(queries.newest_of_model(store.reader, without_user(endpoint), model, _ENOUGH))


def of_run(store: Store, run: str) -> dict[str, list[str]]:
    """Spender → what its endpoint's counts have shown in a run, where they are odd."""
    found: dict[str, list[str]] = {}
    for spender in sorted(totals.spender for totals in queries.spender_totals(store.reader, run)):
        held = _oldest_first(queries.newest_of_spender(store.reader, run, spender, _ENOUGH))
        if warnings := learnt(TokenCounts(), held).warnings:
            found[spender] = warnings
    return found


def learnt(counts: TokenCounts, held: Iterable[tuple[Request, Usage]]) -> TokenCounts:
    """The same after answers that were paid for earlier; very long ones only as far as they are soon counted."""
    left = _CHARS
    for request, usage in held:
        left -= sum(len(str(turn.get("content"))) for turn in request.turns)
        if left < 0:
            break
        counts.learn(ceiling(request), usage, partial(tokens.count_messages, request.turns))
    return counts


def _oldest_first(answers: Iterable[queries.CountedAnswer]) -> list[tuple[Request, Usage]]:
    found = []
    for one in answers:
        usage = Usage(one.prompt_tokens, one.completion_tokens, measured=one.measured)
        found.append((Request(one.endpoint, json.loads(one.body), one.draw), usage))
    return found[::-1]
