"""What form an answer has: one word of `FORMS` for every answer, so that the shares of a dataset add up.

call         asks for a tool
JSON         a JSON object or list as a whole
code         holds a fenced block
list         two or more lines that begin with a bullet or a number
lines        several lines of text
line         one line of text
empty        nothing
"""

from __future__ import annotations

import re

import orjson

FORMS = ("call", "JSON", "code", "list", "lines", "line", "empty")

_ITEM = re.compile(r"^[ \t]*(?:[-*+•‣–]|\(?\d{1,3}[.)])[ \t]+\S", re.MULTILINE)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)


def form(answer: str, tool_calls: str = "") -> str:
    """The first of `FORMS` that fits; `tool_calls` as in samples.parquet: empty where the answer calls none."""
    text = answer.strip()
    if tool_calls:
        return "call"
    if not text:
        return "empty"
    if _json(text):
        return "JSON"
    if _FENCE.search(text):
        return "code"
    if len(_ITEM.findall(text)) > 1:
        return "list"
    return "lines" if "\n" in text else "line"


def _json(text: str) -> bool:
    """Whether the text is an object or a list; a bare number or word is a line of text."""
    if text[0] not in "{[":
        return False
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
