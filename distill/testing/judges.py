"""A scripted judge whose biases are known: for tests, and to see what a report makes of them.

    judge = BiasedJudge(quality, first=0.8, longer=1.2)
    judge(request)                      the reply to a question about one answer, or about two
    judge.chance("a text", "another")   how likely it prefers the text that is shown first

It draws the winner of a pair from a logistic model: the difference in quality, `first` for the place and `longer` for the length, all
in log-odds. The draw is one for both orders of a pair, so without a bias it never changes its mind.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from distill.records import Json, Request

_FIRST_LINE = re.compile(r"The code of this turn is ([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class BiasedJudge:
    """`quality` gives the log-odds of an answer's text; `scale` is the difference in characters that counts in full."""

    quality: Callable[[str], float]
    first: float = 0.0
    longer: float = 0.0
    scale: float = 100.0
    ties: float = 0.0
    """Share of the pairs that it calls a tie, in whatever order."""
    malformed: float = 0.0
    """Share of the questions that it answers with something else."""
    seed: int = 0

    def __call__(self, request: Request) -> str:
        question = str(request.turns[-1].get("content") or "")
        code = found[1] if (found := _FIRST_LINE.match(question)) else ""
        if self._luck("malformed", question) < self.malformed:
            return "I'd rather not say."
        form = request.body["response_format"]["json_schema"]["schema"]["properties"]
        if "better" in form:
            return self._pair(code, block(question, "first", code), block(question, "second", code))
        score = self.score(block(question, "answer", code))
        dimensions = form["scores"]["properties"]
        return _reply(code, {"scores": {name: {"reason": f"it is a {score}", "score": score} for name in dimensions}})

    def chance(self, first: str, second: str) -> float:
        """How likely the first of two is preferred, where it is no tie."""
        length = math.tanh((len(first) - len(second)) / self.scale)
        return _share(self.quality(first) - self.quality(second) + self.first + self.longer * length)

    def fair_chance(self, first: str, second: str) -> float:
        """The same without a bias."""
        return _share(self.quality(first) - self.quality(second))

    def prefers_first(self, first: str, second: str) -> bool:
        """Whether it takes the first of two, where it is no tie; the luck of a pair is one in both orders."""
        low, high = sorted([first, second])
        of_low = self.chance(first, second) if first == low else 1 - self.chance(first, second)
        return (self._luck("pair", low, high) < of_low) == (first == low)

    def score(self, answer: str) -> int:
        """From 1 to 5."""
        return 1 + round(4 * _share(self.quality(answer)))

    def _pair(self, code: str, first: str, second: str) -> str:
        if self._luck("tie", *sorted([first, second])) < self.ties:
            return _reply(code, {"reason": "both do", "better": "tie"})
        better = "first" if self.prefers_first(first, second) else "second"
        return _reply(code, {"reason": f"the {better} one reads better", "better": better})

    def _luck(self, *what: str) -> float:
        """A number in 0..1 that follows from the seed and the texts."""
        whole = "\x00".join([str(self.seed), *what]).encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(whole, digest_size=8).digest()) / 2**64


def block(question: str, name: str, code: str) -> str:
    """The text of a block of a judge's question; empty where there is none."""
    begin, end = f"<<<{name} {code}\n", f"\n{code} {name}>>>"
    start = question.find(begin)
    return question[start + len(begin) : question.find(end, start)] if start >= 0 else ""


def _reply(code: str, verdict: dict[str, Json]) -> str:
    return json.dumps({"code": code, **verdict})


def _share(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
