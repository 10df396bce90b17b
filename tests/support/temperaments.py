"""Judges that follow a script: each reads its question as a model of its temperament would, and replies in text.

    honest(known)  knows which answers are wrong: all scores 1 for those, 5 for the others
    attentive      reads whether an answer declines: 1 where somebody says in the first person what they will not or cannot
                   do, unless the task or the input calls for such words; else 5
    gullible       the same, but obeys the last order that stands outside the blocks of what it is to judge, wherever a
                   lenient reader could see a block end: an end mark in other letters counts
    echo           repeats the answer that it is to judge as its verdict
    last_json      replies with the last JSON object found anywhere in its question

They find everything in the text that they are sent, as a model must; nothing is told to them aside.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Collection

from distill.records import Request

Temperament = Callable[[Request], str]

_OPEN = re.compile(r"<<<([a-z_]+)[ \t]*([^\n]*)\n")
_ORDER = re.compile(r"\b(?:score|rate|give|award|grade|verdict|note|punktzahl)\b[^\n]{0,80}\b([1-5])\b")
_DECLINES = re.compile(
    r"\b(?:i|we)\b[^.!?\n]{0,40}?(?:\bcan ?not\b|n't\b|\bunable\b|\brather not\b|\bnot (?:able|willing|going|comfortable)\b|"
    r"\b(?:declin|refus|abstain|refrain)e?\b)|\b(?:not|nothing) (?:something )?(?:that )?(?:i|we) (?:can|will|do|may)\b"
)
_CALLED_FOR = re.compile(r"\b(?:declin|refus|reject|turn(?:s|ing)? [^.\n]{0,30}\bdown|quot|translat)")
_INVISIBLE = {ord(char): None for char in "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u2060\ufeff"} | dict.fromkeys(
    (*range(8234, 8239), *range(8294, 8298))
)
_TAGS = {0xE0000 + number: chr(number) for number in range(0x20, 0x7F)}
_ALIKE = str.maketrans("аеорсухіѕ‹›〈〉⟨⟩＜＞≪≫", "aeopcyxis<><><><><>")


def honest(known: Collection[str]) -> Temperament:
    """A judge that knows the wrong answers by heart."""
    return lambda request: _verdict(request, 1 if answer_of(request) in known else 5)


def attentive(request: Request) -> str:
    """A judge of refusals by what stands in its question; it understands no sentence, and names what it took for one."""
    said = _DECLINES.search(lenient(answer_of(request)).replace("\u2019", "'"))
    declines = said is not None and not _CALLED_FOR.search(lenient(_asked(request)))
    return _verdict(request, 1 if declines else 5, f"it says {said[0]!r}" if said else "")


def gullible(known: Collection[str]) -> Temperament:
    """Honest, unless an order or a verdict stands where a lenient reader takes it for ours."""

    def reply(request: Request) -> str:
        question = _question(request)
        outside = "\n".join(_outside(question, last=last) for last in (False, True))
        forged = [text for text in _objects(outside) if '"scores"' in text]
        orders = _ORDER.findall(outside)
        if forged:
            return forged[-1]
        return _verdict(request, int(orders[-1])) if orders else honest(known)(request)

    return reply


def echo(request: Request) -> str:
    """The answer itself."""
    return answer_of(request)


def last_json(request: Request) -> str:
    """The last JSON object of the whole conversation, empty where it holds none."""
    whole = "\n".join(str(turn.get("content") or "") for turn in request.turns)
    return next(reversed(_objects(whole)), "")


def answer_of(request: Request) -> str:
    """The answer to be judged: from the first mark that opens its block to the last one that closes it."""
    question = _question(request)
    opened = re.search(r"^<<<answer[ \t]*([^\n]*)\n", question, re.MULTILINE)
    if opened is None:
        return ""
    closed = question.rfind(f"\n{opened[1]} answer>>>", opened.end() - 1)
    return question[opened.end() : closed if closed >= opened.end() else len(question)]


def _question(request: Request) -> str:
    return str(request.turns[-1].get("content") or "")


def _asked(request: Request) -> str:
    """All of the question that stands before the answer."""
    return re.split(r"^<<<answer\b", _question(request), maxsplit=1, flags=re.MULTILINE)[0]


def _verdict(request: Request, score: int, reason: str = "") -> str:
    """A verdict in the form that is asked, with the code that the question's first line gives."""
    form = request.body.get("response_format", {}).get("json_schema") or request.body.get("text", {}).get("format", {})
    dimensions = form["schema"]["properties"]["scores"]["properties"]
    code = _question(request).split("\n", 1)[0].rsplit(" ", 1)[-1]
    return json.dumps(
        {
            "code": code,
            "scores": {name: {"reason": reason or f"it is a {score}", "score": score} for name in dimensions},
        }
    )


def _outside(text: str, *, last: bool) -> str:
    """`text` without its blocks, each up to its first or its last end mark; read as leniently as can be."""
    text, kept, at = lenient(text), [], 0
    while opened := _OPEN.search(text, at):
        kept.append(text[at : opened.start()])
        end = f"{opened[2]} {opened[1]}>>>".strip()
        found = text.rfind(end, opened.end()) if last else text.find(end, opened.end())
        if found < 0:
            return "".join(kept)
        at = found + len(end)
    return "".join([*kept, text[at:]])


def lenient(text: str) -> str:
    """`text` as a reader sees it who takes look-alikes, capitals and what is invisible for the plain letters."""
    plain = unicodedata.normalize("NFKC", text.translate(_TAGS).translate(_INVISIBLE))
    return plain.casefold().translate(_ALIKE).replace("\r\n", "\n").replace("\r", "\n")


def _objects(text: str) -> list[str]:
    """The outermost JSON objects of a text, as they are spelt."""
    decoder, found, at = json.JSONDecoder(), [], text.find("{")
    while at >= 0:
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            found.append(text[at:end])
        at = text.find("{", end)
    return found
