"""Texts in channels, as gpt-oss writes them where a server does not take them apart: analysis, commentary, final.

    <|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…<|return|>

The final channel is the answer, a commentary that is addressed to a function is a call of it, all else is thinking.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_BEGINS = re.compile(
    r"\s*(?:<\|start\|>\s*assistant\s*)?(?:[^<>\n]{0,60})?<\|channel\|>\s*(?:analysis|commentary|final)\b"
)
_BARE = re.compile(r"\s*analysis(?=\S)(.*?)assistant(?:<\|channel\|>)?final(.*)\Z", re.DOTALL)
"""The same where the special tokens were left out, but not the words between them."""
_TURN = re.compile(
    r"(?:<\|start\|>\s*assistant(?P<to1>[^<]*))?<\|channel\|>\s*(?P<name>\w+)(?P<to2>[^<]*)(?:<\|constrain\|>[^<]*)?<\|message\|>"
    r"(?P<text>.*?)(?=<\|end\|>|<\|return\|>|<\|call\|>|<\|start\|>|<\|channel\|>|\Z)",
    re.DOTALL,
)
_TO = re.compile(r"to=(?:functions\.)?([\w.-]+)")


class TextParts(NamedTuple):
    """A text's thinking, its answer, and calls of tools that its channels made."""

    reasoning: str
    text: str
    calls: tuple[tuple[str, str], ...] = ()


def begins(text: str) -> bool:
    if "<|channel|>" in text[:200]:
        return _BEGINS.match(text) is not None
    return "assistantfinal" in text and text.lstrip().startswith("analysis") and _BARE.match(text) is not None


def apart(text: str) -> TextParts:
    """Its thinking, its answer and its calls."""
    if "<|channel|>" not in text[:200] and (bare := _BARE.match(text)):
        return TextParts(bare[1].strip(), bare[2].strip())
    thoughts, said, calls = list[str](), list[str](), list[tuple[str, str]]()
    for turn in _TURN.finditer(text):
        to = _TO.search((turn["to1"] or "") + " " + turn["to2"])
        if to is not None:
            calls.append((to[1], turn["text"].strip()))
        else:
            (said if turn["name"] == "final" else thoughts).append(turn["text"].strip())
    return TextParts("\n".join(thoughts), "\n".join(said), tuple(calls))
