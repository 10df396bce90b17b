"""The thinking that a server leaves inside the text, taken apart from the answer.

Conservative: only a block at the start of a text is thinking, or what stands before an end tag that was never opened (the
chat template had opened it). A text that speaks of such tags, in the middle, in quotes, in code or in a JSON value, stays
whole. A block that is never closed is thinking to its end: it was cut off.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import orjson

from distill.teacher.reply import channels
from distill.teacher.reply.channels import TextParts

_THINK = r"(?:[\w.-]{1,40}[:_])?think(?:ing)?(?:_never_used_\w+)?|antthinking"
GENERAL = ("reasoning", "thought", "thoughts")
"""Tags that a prompt may ask for as part of an answer's own form: where it names one, that one stays."""
_NAME = rf"(?:{_THINK}|{'|'.join(GENERAL)})"
_TAG = re.compile(rf"<({_NAME})(?:\s[^<>]*)?(/?)>", re.IGNORECASE)
_ABOUT = re.compile(
    rf"<({_NAME})> (?:is|and|tags?|opens|marks|begins|starts|means)\b[^\n.?!:]{{0,200}}\s</\1> [a-z]", re.IGNORECASE
)
"""A sentence that begins with the tag it is about: "<think> opens it and </think> closes it."."""
_END_TAG = re.compile(rf"</({_NAME})\s*>", re.IGNORECASE)
_MARKS = (
    (re.compile(r"\[THINK\]", re.IGNORECASE), re.compile(r"\[/THINK\]", re.IGNORECASE)),
    (re.compile("◁think▷"), re.compile("◁/think▷")),
    (re.compile(r"<\|(?:start_of_|begin_of_|begin_|start_)?(?:thinking|thought|think|reasoning)\|>", re.IGNORECASE),
     re.compile(r"<\|(?:end_of_|end_|/)(?:thinking|thought|think|reasoning)\|>", re.IGNORECASE)),
    (re.compile(r"<\|inner_prefix\|>"), re.compile(r"<\|inner_suffix\|>")),
    (re.compile(r"<unused94>(?:thought)?"), re.compile(r"<unused95>")),
    (re.compile(r"<\|channel>(?:thought)?"), re.compile(r"<channel\|>")),
    (re.compile(r"<details\b[^<>]*type=[\"']?reasoning\b[^<>]*>"), re.compile(r"</details>")),
    (re.compile(r"Here(?: is|'s) my thought process:"), re.compile(r"Here(?: is|'s) my response:")),
)  # fmt: skip
_OPENS = "<[◁H"
"""The first characters of all of them: most texts begin with none."""
_ENDS = re.compile(
    rf"</{_NAME}\s*>|\[/THINK\]|◁/think▷|<\|(?:end_of_|end_|/)(?:thinking|thought|think)\|>|<unused95>", re.IGNORECASE
)
_FRAMES = tuple(
    (re.compile(rf"<{name}>", re.IGNORECASE), re.compile(rf"</{name}>\s*\Z", re.IGNORECASE))
    for name in ("answer", "response", "output")
)
"""What some models put around the answer behind their thinking."""
_TOKEN_FRAMES = (
    (re.compile(r"<\|begin_of_solution\|>"), re.compile(r"<\|end_of_solution\|>\s*\Z")),
    (re.compile(r"<\|START_(?:RESPONSE|TEXT)\|>"), re.compile(r"<\|END_(?:RESPONSE|TEXT)\|>\s*\Z")),
    (re.compile(r"<\|begin_of_box\|>"), re.compile(r"<\|end_of_box\|>\s*\Z")),
)
"""The same in tokens of the model's own, which no answer holds, with or without thinking before them."""
_LEAKED = re.compile(
    r"\s*(?:<\|(?:im_end|eot_id|eom_id|endoftext|end_of_text|end_of_turn|end_of_sentence|endofturn|eos|end|return|call|user|observation"
    r"|END_OF_TURN_TOKEN|end_of_solution|END_RESPONSE|END_TEXT)\|>|<end_of_turn>|<turn\|>|<eos>|<｜end▁of▁sentence｜>|</s>)\s*\Z"
)
_BEGUN = re.compile(
    r"\s*(?:<\|im_start\|>\s*assistant\s|<\|assistant\|>|<\|start_header_id\|>assistant<\|end_header_id\|>|<｜Assistant｜>|<start_of_turn>model\s|\ufeff|\u200b)"
)
"""The beginning of a turn, where a server lets its tokens through."""
_MOST = 50
"""Blocks, and ends that were never opened, that are looked at: a text of nothing else must not take for ever."""
_OPEN_QUOTE = re.compile(r"(?:^|[\s(=\[{,])'[^'\s][^']*\Z")
"""A string that begins on a line and does not end in it; no apostrophe, which stands behind a letter."""
_QUOTES = "\"'`“”‘’«»"


def apart(text: str, keep: Callable[[str], bool] = lambda _tag: False) -> TextParts:
    """`text` as its parts; unchanged where it holds no thinking. `keep` says which of the GENERAL tags are its own form."""
    if not _may_hold(text):
        return TextParts("", text)
    if (begun := _BEGUN.match(text)) is not None:
        text = text[begun.end() :].lstrip()
    if channels.begins(text):
        return channels.apart(text)
    rest, thoughts = text, list[str]()
    while len(thoughts) < _MOST and (block := _block(rest, keep)) is not None:
        thoughts.append(block[0])
        rest = block[1]
    if not thoughts and (end := _orphan(text)) is not None:
        thoughts, rest = [text[: end.start()].strip()], text[end.end() :]
    if not thoughts:
        return TextParts("", _unframed(unleaked(text), keep, _TOKEN_FRAMES))
    said = unleaked(_unframed(rest.strip(), keep, (*_FRAMES, *_TOKEN_FRAMES)))
    return TextParts("\n".join(one for one in thoughts if one), said)


def _may_hold(text: str) -> bool:
    """Whether any mark can be in it; in most texts none can, and looking for each takes longer than reading the reply."""
    if "<" in text or "[" in text or "◁" in text or text[:1] in "\ufeff\u200b":
        return True
    return "assistantfinal" in text or "thought process:" in text


def unleaked(text: str) -> str:
    """Without the end-of-turn tokens that a server left at the very end."""
    if not text.endswith((">", "\n", " ")):
        return text
    end = len(text)
    for _ in range(_MOST):
        found = _LEAKED.search(text, max(0, end - 64), end)
        if found is None or (found[0].strip() == "</s>" and "<s>" in text):  # struck-out text in HTML
            break
        end = found.start()
    return text[:end]


def _block(text: str, keep: Callable[[str], bool]) -> tuple[str, str] | None:
    """(thinking, what follows) of a text that begins with a block of thinking."""
    begun = text.lstrip()
    if not begun or begun[0] not in _OPENS:
        return None
    if (tag := _TAG.match(begun)) is not None:
        if tag[1].lower() in GENERAL and keep(tag[1].lower()):
            return None
        if tag[2]:
            return "", begun[tag.end() :]
        if _ABOUT.match(begun) is not None:
            return None
        own = (end for end in _END_TAG.finditer(begun, tag.end()) if end[1].lower() == tag[1].lower())
        return _closed(begun, tag.end(), _first(begun, own) or _first(begun, _END_TAG.finditer(begun, tag.end())))
    for opening, closing in _MARKS:
        if (mark := opening.match(begun)) is not None:
            end = _first(begun, closing.finditer(begun, mark.end()))
            if end is None and begun[0] == "H":
                return None  # a sentence that any answer may begin with
            return _closed(begun, mark.end(), end)
    return None


def _closed(text: str, start: int, end: re.Match[str] | None) -> tuple[str, str]:
    if end is None:
        return unleaked(text[start:]).strip(), ""
    return text[start : end.start()].strip(), text[end.end() :]


def _first(text: str, ends: Iterable[re.Match[str]]) -> re.Match[str] | None:
    """The first end that is not merely quoted; the first of all where every one is."""
    quoted = None
    for end in ends:
        if not _is_quoted(text, end):
            return end
        quoted = quoted or end
    return quoted


def _is_quoted(text: str, found: re.Match[str]) -> bool:
    before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
    return bool(before) and before in _QUOTES and bool(after) and after in _QUOTES


def _orphan(text: str) -> re.Match[str] | None:
    """The end tag before which all is thinking, though no tag opened it."""
    marked = any(mark in text for mark in ("</", "[/", "◁/", "|>", "<unused95>"))
    end = next(_unquoted(text), None) if marked else None
    if end is None:
        return None
    before = text[: end.start()]
    if before.strip() and _is_value(text):
        return None
    if _TAG.search(before) or any(opening.search(before) for opening, _ in _MARKS[:5]):
        return None
    return end if _stands_alone(before, text[end.end() :]) else None


def _unquoted(text: str) -> Iterator[re.Match[str]]:
    return (
        end
        for end in islice(_ENDS.finditer(text), _MOST)
        if not _is_quoted(text, end) and not _in_code(text[: end.start()], text[end.end() : end.end() + 200])
    )


def _in_code(before: str, after: str) -> bool:
    """Whether the place between these texts lies in a code block, or in backticks or a string on its line."""
    line = before.rpartition("\n")[2]
    if _OPEN_QUOTE.search(line) is not None and "'" in after.partition("\n")[0]:
        return True
    return before.count("```") % 2 == 1 or line.count("`") % 2 == 1 or line.count('"') % 2 == 1


def _is_value(text: str) -> bool:
    """Whether the text is one JSON value, or markup, as a whole: a tag in it is data."""
    begun = text.lstrip()[:1]
    if begun not in ("{", "[", '"'):
        return begun == "<"
    try:
        orjson.loads(text)
    except ValueError:
        return False
    return True


def _stands_alone(before: str, after: str) -> bool:
    """Whether the tag ends something, and is no word of a sentence: "The tag </think> closes it."."""
    line = before.rpartition("\n")[2]
    if not line.strip() or not after.strip() or after.lstrip(" \t")[:1] in ("\n", "\r"):
        return True
    if after[:1] in ".,;:!?)" or line.rstrip()[-1:] in ".!?…":
        return after[:1] not in ".,;:!?)"
    return not (line[-1:].isspace() and after[:1].isspace())


def _unframed(text: str, keep: Callable[[str], bool], frames: Iterable[tuple[re.Pattern[str], re.Pattern[str]]]) -> str:
    for opening, closing in frames:
        begun = opening.match(text)
        if begun is not None and not keep(begun[0].strip("<|>").lower()):
            end = closing.search(text, begun.end())
            return text[begun.end() : end.start() if end else None].strip()
    return text
