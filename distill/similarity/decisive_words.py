"""The words that decide by themselves (`distill.similarity.decisive`): negations, numbers in words, days and months, units and what is numbered.

They stand in decisive_words.txt, a group after each [heading], spelt as `distill.text.normalise.normalise` spells them; of a line
the first says what the others say. English is covered best; of German, French, Spanish, Italian, Portuguese, Dutch, Polish, Russian,
Czech, Finnish, Hungarian, Romanian, Greek, the Scandinavian languages, Turkish, Arabic, Hebrew, Hindi, Indonesian, Vietnamese,
Chinese, Japanese, Korean and Thai there are the common negations, and of the first few the small numbers, the days and the
months. A word that is missing costs little: texts that it alone tells apart are compared by their letters, as all others are.
"""

from __future__ import annotations

from importlib.resources import files


def _groups() -> dict[str, list[list[str]]]:
    """Heading → the words of each line below it."""
    text = (files("distill.similarity") / "decisive_words.txt").read_text(encoding="utf-8")
    found: dict[str, list[list[str]]] = {}
    for group in text.removeprefix("[").split("\n["):
        heading, *lines = group.strip().split("\n")
        found[heading.partition("]")[0]] = [line.split() for line in lines]
    return found


_GROUPS = _groups()


def _flat(group: str) -> list[str]:
    return [word for line in _GROUPS[group] for word in line]


NOT = "not"
DECIDES: dict[str, str] = {
    **{word: line[0] for line in _GROUPS["beside"] for word in line if word in _flat("currencies")},
    **{form: line[0] for line in _GROUPS["dates"] for word in line for form in (word, f"{word}s")},
    **{word: line[0] for line in reversed(_GROUPS["numbers"]) for word in line[1:]},
    **dict.fromkeys(_flat("negations"), NOT),
    **{size: size for size in ("xs", "xl", "xxl", "xxxl")},
}
"""What a word says, wherever it stands."""
VALUES = frozenset(word for line in _GROUPS["numbers"] for word in line[1:])
"""Those of them that are numbers."""
BESIDE: dict[str, str] = {word: line[0] for line in reversed(_GROUPS["beside"]) for word in line}
"""What a word says beside a number: a unit, a currency, or what may be a month or a day."""
BEFORE = frozenset(_flat("before"))
"""Those of them that may stand before their number."""
NAMING = frozenset(_flat("naming"))
"""What has a number or a letter as its name: there 2.10 is not 2.1, and the single letter that follows counts."""
PER = frozenset({"per", "pro", "par"})
"""What a unit may follow as it does a number."""
NUMERALS = "〇零一二两兩三四五六七八九十百千万萬亿億"
"""Chinese and Japanese numerals,"""
INSIDE = tuple(_flat("inside"))
"""and negations of scripts whose words hold them."""
