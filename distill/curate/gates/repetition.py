"""A gate on text that goes round in circles, which decoders fall into and students learn at once.

By the rules of the Gopher paper (arXiv 2112.11446, table A1): the share of a text that lies in repeated lines, in the most
frequent short phrase, and in repeated longer ones; and, for texts too short for shares, one phrase again and again.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Sequence

import polars as pl

from distill.curate.gates.scoring import Fail, SampleRow, judged
from distill.curate.gates.wording import texts
from distill.tables.outcome import Outcome
from distill.text.normalise import normalise

_TOP = {2: 0.20, 3: 0.18, 4: 0.16}
"""Words of a phrase: most of the characters that its most frequent one may fill."""
_REPEATED = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}
"""Words of a phrase: most of the characters that all phrases which come again may fill."""
_LINES = 0.30
_FEWEST_WORDS = 50
"""From here on shares mean something."""
_LONGEST_ROUND = 20
_LONG_PHRASE = 6
"""Words from which on a phrase is told again by nobody: one round less is enough."""
_RUN = re.compile(r"([^\W_]{1,4}?)\1{19,}")
"""One to four letters or digits twenty times in a row, as in hahaha; not the underscores of a form."""
_UNSPACED = r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]"
"""Letters of scripts that are written without spaces (Thai, Burmese, Khmer, kana, Han), and Hangul: there phrases are of letters."""


def repetition(frame: pl.DataFrame, *, rounds: int = 4) -> Outcome:
    """Drops answers of which a text repeats itself; `rounds`: one phrase so many times in a row."""

    def judge(row: SampleRow) -> Fail:
        return next((fail for text in texts(row["answer"]) if (fail := _circles(text, rounds))), None)

    return judged(frame, "repetition", judge)


def _circles(text: str, rounds: int) -> Fail:
    plain = normalise(text)
    words = plain.split()
    if said := _in_a_row(plain, words, rounds):
        return "repetition", said
    if len(words) < _FEWEST_WORDS:
        return None
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if (share := _repeated_lines(lines)) > _LINES:
        return "repetition", f"{share:.0%} of it in repeated lines, at most {_LINES:.0%}"
    for n, most in _TOP.items():
        phrase, share = _top(words, n)
        if share > most:
            return "repetition", f"{phrase[:60]!r} fills {share:.0%} of it, at most {most:.0%}"
    for n, most in _REPEATED.items():
        if (share := _repeated(words, n)) > most:
            return "repetition", f"{share:.0%} of it in phrases of {n} words that come again, at most {most:.0%}"
    return None


def _in_a_row(plain: str, words: Sequence[str], rounds: int) -> str:
    """What stands again and again without a break, and how often; nothing where none does."""
    for pattern in (_RUN, _unspaced(rounds)):
        if run := pattern.search(plain):
            phrase = run[run.lastindex or 0]
            return f"{phrase[:60]!r} {len(run[0]) // len(phrase)} times in a row"
    for least, times in ((1, rounds), (_LONG_PHRASE, _fewer(rounds))):
        if phrase := _again_and_again(words, times, least):
            return f"{phrase[:60]!r} {times} times in a row or more"
    return ""


def _fewer(rounds: int) -> int:
    """Rounds of a long phrase that are too many: three where four are for a short one."""
    return min(rounds, max(3, rounds - 1))


@functools.cache
def _unspaced(rounds: int) -> re.Pattern[str]:
    """A phrase of 3 to 60 letters `rounds` times in a row, or one of 20 to 120 once less; it begins with three such letters."""
    return re.compile(
        rf"({_UNSPACED}{{3}}.{{0,57}}?)\1{{{max(1, rounds - 1)},}}|({_UNSPACED}{{3}}.{{17,117}}?)\2{{{max(1, _fewer(rounds) - 1)},}}"
    )


def _again_and_again(words: Sequence[str], rounds: int, least: int) -> str:
    """The first phrase of `least` to twenty words that stands `rounds` times in a row; for one word, twice as often."""
    for period in range(least, min(_LONGEST_ROUND, len(words) // rounds) + 1):
        need, run = period * (rounds * 2 if period == 1 else rounds) - period, 0
        for i in range(period, len(words)):
            run = run + 1 if words[i] == words[i - period] else 0
            if run >= need:
                return " ".join(words[i - period + 1 : i + 1])
    return ""


def _repeated_lines(lines: Sequence[str]) -> float:
    counts = Counter(lines)
    whole = sum(map(len, lines))
    return sum(len(line) * (count - 1) for line, count in counts.items()) / whole if whole else 0.0


def _top(words: Sequence[str], n: int) -> tuple[str, float]:
    """(the phrase of n words that fills most, the share of the characters it fills)."""
    counts = Counter(zip(*(words[i:] for i in range(n)), strict=False))
    phrase, count = max(counts.items(), key=lambda item: (item[1], item[0]))
    size = sum(map(len, phrase)) * count
    return " ".join(phrase), size / max(1, sum(map(len, words))) if count > 1 else 0.0


def _repeated(words: Sequence[str], n: int) -> float:
    """Share of the characters that lie in a phrase of n words which stood before."""
    seen: set[tuple[str, ...]] = set()
    size, i = 0, 0
    while i + n <= len(words):
        phrase = tuple(words[i : i + n])
        if phrase in seen:
            size += sum(map(len, phrase))
            i += n
        else:
            seen.add(phrase)
            i += 1
    return size / max(1, sum(map(len, words)))
