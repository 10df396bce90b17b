"""Which body of the corpus an attempt meets at the double, and what is billed for it.

By default a run through any dialect ends in the dataset of a quiet run: an attempt meets the right answer in a dress of
that dialect, or one of its passing faults (limits, overload, replies that are none). No request meets more than two
faults; from then on it is answered. `drop` adds the bodies that cost a row (cut, filtered, refused), `stop` those that
end a run (key, money, model). A body that is named by its own name is met whatever it is, as often as its share says.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from distill.records import Ended, Request
from distill.testing.completions import Completion
from distill.testing.dialects.corpus import Body, load, names

ALL = "all"
MOST_FAULTS = 2
FAULT_SHARE = 0.25
"""Of the attempts that meet a dialect, while its request has met fewer than MOST_FAULTS."""
_PROMPT = re.compile(rb'"(?:prompt|input)_tokens": ?(\d{1,9})[,}]')
_COMPLETION = re.compile(rb'"(?:completion|output)_tokens": ?(\d{1,9})[,}]')
_LONGEST_WAIT_S = 10.0
"""A body that asks for more in words of its own is not drawn: a rehearsal would only sleep."""
_PASSING = frozenset({Ended.RATE_LIMITED, Ended.OVERLOADED, Ended.MALFORMED})


@dataclass(frozen=True, slots=True)
class Met:
    """What goes over the line, and what is billed for it; `wait_s` is what it asks for."""

    name: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    billed: tuple[int, int]
    wait_s: float | None


@dataclass(slots=True)
class Dialects:
    """`shares` maps a server, a kind, `all` or one body's name to its share of the attempts."""

    shares: Mapping[str, float] = field(default_factory=dict)
    drop: bool = False
    stop: bool = False
    seed: int = 0
    retry_after_s: float = 1.0
    _faults: Counter[str] = field(default_factory=Counter)
    _asked: Counter[str] = field(default_factory=Counter)
    _cached: dict[tuple[str, str, str], tuple[list[Body], list[Body]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.shares:
            bodies_of(name)
        wrong = [f"{name}={share:g}" for name, share in self.shares.items() if not 0 < share <= 1]
        if wrong or sum(self.shares.values()) > 1 + 1e-9:
            found = wrong[0] if wrong else f"a sum of {sum(self.shares.values()):g}"
            raise ValueError(f"{found}: shares go from above 0 to 1, and come to at most 1 together")

    def meet(self, request: Request, answer: Completion) -> Met | None:
        """What this attempt at a request meets, None for the double's plain answer."""
        asked = self._asked[request.id]
        self._asked[request.id] += 1
        by = partial(luck, self.seed, request.id, asked)
        if not (name := chosen(self.shares, by("dialect"))):
            return None
        if name not in (*names(), ALL):
            return self._told(bodies_of(name)[0], request, answer)
        faults, carriers = self._pools(name, "responses" if "input" in request.body else "chat", _carried(answer))
        if faults and self._faults[request.id] < MOST_FAULTS and (by("fault") < FAULT_SHARE or not carriers):
            self._faults[request.id] += 1
            return self._told(_at(faults, by("body")), request, answer)
        return self._told(_at(carriers, by("body")), request, answer) if carriers else None

    def _pools(self, name: str, api: str, carried: str) -> tuple[list[Body], list[Body]]:
        """Of a dialect, the faults that a request may meet here and the bodies that can carry its answer."""
        if (name, api, carried) not in self._cached:
            bodies = [body for body in bodies_of(name) if body.status != 200 or body.api == api]
            carriers = [body for body in bodies if carried and body.carries == carried]
            self._cached[name, api, carried] = [body for body in bodies if self._is_drawn(body)], carriers
        return self._cached[name, api, carried]

    def _is_drawn(self, body: Body) -> bool:
        if body.ended is Ended.OK:
            wanted = self.drop and not body.carries
        elif body.ended is Ended.REFUSED:
            wanted = self.drop
        else:
            wanted = body.ended in _PASSING or (self.stop and body.ended is Ended.NO_ACCESS)
        return wanted and ("wait_s" in body.words or body.reading.get("retry_after_s", 0) <= _LONGEST_WAIT_S)

    def _told(self, body: Body, request: Request, answer: Completion) -> Met:
        words: dict[str, str | int | float] = {}
        wait = body.reading.get("retry_after_s")
        if "wait_s" in body.words:
            words["wait_s"] = wait = self.retry_after_s
        if body.carries:
            words |= _words(body, request, answer)
        headers, sent = body.with_words(words)
        return Met(body.name, body.status, headers, sent, _billed(body, answer), wait)


def luck(*of: object) -> float:
    """A number from 0 to 1 by a hash."""
    return int.from_bytes(hashlib.blake2b(" ".join(map(str, of)).encode(), digest_size=8).digest()) / 2**64


def chosen(shares: Mapping[str, float], luck: float) -> str:
    """The name on whose share such a number falls; nothing where it is beyond them all."""
    for name, share in shares.items():
        luck -= share
        if luck < 0:
            return name
    return ""


def bodies_of(name: str) -> Sequence[Body]:
    """The bodies of a server, a kind, `all`, or the one of this name; ValueError where there is none."""
    if name in names():
        return load(name)
    found = [body for one in names() for body in load(one) if name in (ALL, body.name)]
    if not found:
        raise ValueError(f"no dialect {name!r}; there are {', '.join((*names(), ALL))}, or the name of one body")
    return found


def _at(bodies: Sequence[Body], luck: float) -> Body:
    return bodies[int(luck * len(bodies))]


def _carried(answer: Completion) -> str:
    """What a body must have a place for to bring this answer; nothing for two calls, for which none has."""
    return "answer" if not answer.calls else "tool" if len(answer.calls) == 1 else ""


def _words(body: Body, request: Request, answer: Completion) -> dict[str, str | int | float]:
    """The right answer's own words, with tokens enough for what the body says was thought."""
    spoken = answer.completion_tokens + _thought(body)
    words: dict[str, str | int | float] = {
        "answer": answer.text, "model": str(request.body.get("model") or ""), "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": spoken, "total_tokens": answer.prompt_tokens + spoken,
    }  # fmt: skip
    if answer.calls:
        words |= {"tool": answer.calls[0].name, "arguments": answer.calls[0].arguments}
    return words


def _thought(body: Body) -> int:
    return int(body.reading.get("usage", {}).get("reasoning_tokens", 0))


def _billed(body: Body, answer: Completion) -> tuple[int, int]:
    """As the body's usage says, in its reading or in its own plain words; an answer that says nothing of it costs what the
    double's own does, an error nothing.
    """
    if "completion_tokens" in body.words:
        return answer.prompt_tokens, answer.completion_tokens + _thought(body)
    usage = body.reading.get("usage") or _plain_usage(body)
    if usage.get("measured", True) and "completion_tokens" in usage:
        return usage["prompt_tokens"], usage["completion_tokens"]
    return (answer.prompt_tokens, answer.completion_tokens) if body.ended is Ended.OK else (0, 0)


def _plain_usage(body: Body) -> Mapping[str, int]:
    """The counts that stand in a body, be it whole JSON or not; empty where none do."""
    told, spoken = _PROMPT.search(body.body), _COMPLETION.search(body.body)
    if told is None or spoken is None or not 200 <= body.status < 300:
        return {}
    return {"prompt_tokens": int(told[1]), "completion_tokens": int(spoken[1])}
