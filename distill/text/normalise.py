"""What counts as the same text, as a text that a table can hold, and as JSON.

`normalise` gives the spelling under which two texts are "the same", `spelling` a short stand-in for it; `storable` replaces what no UTF-8 file
can hold; `strict_json` takes only JSON that every parser reads alike, and fails on anything else with a
`ValueError` that says what is wrong. None of them ever fails in another way, whatever the text.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Iterable, Iterator
from hashlib import blake2b

from distill.records import DEEPEST, Json, too_deep
from distill.text.lookalikes import folded

_ADDRESS = re.compile(r"(?:^|/)([a-z][a-z0-9+]+):/+(.*)", re.IGNORECASE)
_LINE_BREAKS = {ord(character): f"\\u{ord(character):04x}" for character in "\x85\u2028\u2029"}


def normalise(text: str) -> str:
    """`text` as it looks (`distill.text.lookalikes`), case-folded, with every run of whitespace as one space and none at the ends."""
    plain = folded(text)
    seen = text.isascii() or plain.isprintable()  # of ASCII every blank is a space by now
    if "  " in plain or not seen or plain[:1].isspace() or plain[-1:].isspace():
        plain = " ".join(plain.split())
    # The same object, so that a million texts that are plain stand once in memory.
    return text if plain == text else plain


def spelling(text: str) -> bytes:
    """Stands for all texts that are the same after `normalise`, in sixteen bytes: a million texts would not fit twice."""
    return blake2b(normalise(text).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def web_address(path: str) -> str:
    """The address on the web that was given where a path belongs, which has lost its second slash; nothing where none was."""
    meant = _ADDRESS.search(path)
    return f"{meant[1]}://{meant[2]}" if meant else ""


def storable(text: str) -> str:
    """`text` with each lone surrogate (half an emoji, cut by a tokenizer) replaced by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def one_line(text: str) -> str:
    """JSON without a line break, by anyone's reading: readers of JSON Lines that split at every Unicode line break would cut
    a row in two.
    """
    return text.translate(_LINE_BREAKS)


def strict_json(text: str, *, finite: bool = True) -> Json:
    """The value of a text that is JSON as a whole: no NaN, no infinite number (but where `finite` is off), no key twice, not
    too deep.
    """
    if text.startswith("\ufeff"):
        raise ValueError("bad JSON at character 1: Unexpected UTF-8 BOM (decode using utf-8-sig)")
    try:
        value = (_FINITE if finite else _AT).decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"bad JSON at character {error.pos + 1}: {error.msg}") from None
    except RecursionError:
        raise ValueError(f"nested deeper than {DEEPEST} levels") from None
    if text.count("{") + text.count("[") >= DEEPEST and too_deep(value):  # with fewer brackets nothing is that deep
        raise ValueError(f"nested deeper than {DEEPEST} levels")
    return value


def strict_json_at(text: str, place: int) -> tuple[Json, int]:
    """The value that begins at `place` and where it ends; numbers need not be finite."""
    try:
        value, end = _AT.raw_decode(text, place)
    except json.JSONDecodeError as error:
        raise ValueError(f"bad JSON at character {error.pos - place + 1} of the value: {error.msg}") from None
    except RecursionError:
        raise ValueError(f"nested deeper than {DEEPEST} levels") from None
    if too_deep(value):
        raise ValueError(f"nested deeper than {DEEPEST} levels")
    return value, end


def strings_of(value: Json) -> Iterator[str]:
    """The texts in a JSON value, in order; the names of fields are none."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from strings_of(child)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown `word`: `; did you mean 'x'?`, or the known words."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known: {', '.join(names[:12])}" if names else ""


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(k for k in keys if keys.count(k) > 1)!r} appears twice")
    return mapping


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"the number {digits[:20]} is beyond what a float can hold")
    return number


def _whole(digits: str) -> int:
    if len(digits) > 300:
        raise ValueError(f"a whole number of {len(digits)} digits")
    return int(digits)


# Made once: `json.loads` makes a decoder for each text that is read in another way than its own.
_AT = json.JSONDecoder(object_pairs_hook=_unique, parse_int=_whole)
_FINITE = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole
)
