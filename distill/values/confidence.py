"""How sure a model is of an answer, from 0 to 1, by the probabilities of its tokens.

Of an object those tokens count that overlap the values of its compared fields: what stands around them, and a free text beside them, says
nothing of whether the fields are right. Of any other answer all tokens count. The confidence is the product of their probabilities,
so that a second field that is in doubt lowers it as far as the first.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from distill.records import Json

Span = tuple[int, int]
_DECODER = json.JSONDecoder()
_BLANKS = " \t\r\n"


def of_tokens(text: str, logprobs: Json, fields: Collection[str] = ()) -> float | None:
    """`logprobs` are the tokens as OpenAI's chat API lists them ({"token": …, "logprob": …, "bytes": […]}), `fields` the names of
    those compared, none meaning all. None where the endpoint gave no such list, or it is not of this text.
    """
    tokens = _tokens(logprobs)
    written = b"".join(said for said, _ in tokens)
    start = written.find(text.encode()) if text else -1
    if start < 0:
        return None
    spans = [(start + first, start + last) for first, last in _in_bytes(text, value_spans(text, fields))]
    end, total, counted = 0, 0.0, 0
    for said, logprob in tokens:
        begin, end = end, end + len(said)
        if any(begin < last and end > first for first, last in spans):
            total, counted = total + logprob, counted + 1
    return math.exp(min(total, 0.0)) if counted else None


def of_draws(text: str, draws: Sequence[str], fields: Collection[str] = ()) -> float | None:
    """The share of further draws that say the same as an answer, in the fields that are compared; None of no draws."""
    said = _values(text, fields)
    return sum(_values(draw, fields) == said for draw in draws) / len(draws) if draws else None


def names_in(text: str) -> list[str]:
    """The fields of an answer that holds an object, as far as it can be read."""
    return [name for name, _, _ in _members(text, text.find("{"))] if "{" in text else []


def _values(text: str, fields: Collection[str]) -> Json:
    """What an answer says, so that it can be held against another: the values of its fields, or the text without case and blanks."""
    found = {
        name: json.loads(text[first:last])
        for name, first, last in (_members(text, text.find("{")) if "{" in text else ())
        if not fields or name in fields
    }
    return found or " ".join(text.casefold().split())


def value_spans(text: str, fields: Collection[str] = ()) -> list[Span]:
    """Where the values of the fields stand in an answer that holds an object, as [first, last) characters; else all of the text."""
    at = text.find("{")
    found = (
        [(first, last) for name, first, last in _members(text, at) if not fields or name in fields] if at >= 0 else []
    )
    return found or [(0, len(text))]


def _members(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """(name, first, last) of the members of the object that begins there, as far as it can be read."""
    at += 1
    while True:
        try:
            name, at = _DECODER.raw_decode(text, _past(text, at, ","))
            first = _past(text, at, ":")
            _, at = _DECODER.raw_decode(text, first)
        except (ValueError, RecursionError):
            return
        if not isinstance(name, str):
            return
        yield name, first, at


def _past(text: str, at: int, mark: str) -> int:
    """The next place that is no blank and no such mark."""
    while at < len(text) and text[at] in _BLANKS + mark:
        at += 1
    return at


def _in_bytes(text: str, spans: Sequence[Span]) -> list[Span]:
    return [(len(text[:first].encode()), len(text[:last].encode())) for first, last in spans]


def _tokens(logprobs: Json) -> list[tuple[bytes, float]]:
    """(what it writes, log probability) of each token; none where one of them has no number."""
    found = []
    for one in logprobs if isinstance(logprobs, list) else ():
        if not isinstance(one, Mapping):
            return []
        said, logprob = one.get("token"), one.get("logprob")
        if not isinstance(said, str) or not isinstance(logprob, int | float) or math.isnan(logprob):
            return []
        found.append((_bytes(one.get("bytes"), said), float(logprob)))
    return found


def _bytes(given: Json, said: str) -> bytes:
    """A token may be half a letter, which only its bytes can say."""
    if isinstance(given, list) and given and all(isinstance(part, int) and 0 <= part < 256 for part in given):
        return bytes(given)
    return said.encode("utf-8", "surrogatepass")
