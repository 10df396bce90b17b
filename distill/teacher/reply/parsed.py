"""A body's bytes as a value: strict JSON, then what other servers write, then a stream of events.

Never more than a ValueError, whatever the bytes are.
"""

from __future__ import annotations

import json
import re

import orjson

from distill.records import Json
from distill.teacher.reply import stream

_MOST_DIGITS = 400
_USAGE = re.compile(rb'"usage"\s*:\s*(\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\})')


def value(body: bytes) -> Json:
    """The value that a body holds; a stream is joined to the object that it would have been."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    if (joined := stream.joined(body)) is not None:
        return joined
    return _lenient(body)


def usage(body: bytes) -> Json:
    """The last usage that stands in a body which cannot be read as a whole; None where there is none."""
    for found in reversed(_USAGE.findall(body)):
        try:
            return orjson.loads(found)
        except orjson.JSONDecodeError:
            continue
    return None


def _lenient(body: bytes) -> Json:
    """orjson is strict about half an emoji, NaN and numbers beyond a float, all of which servers do send."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_int=_whole)
    except RecursionError:
        raise ValueError("nested too deep to be read") from None


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < _MOST_DIGITS else float(digits)
