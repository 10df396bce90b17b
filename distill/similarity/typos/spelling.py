"""Which words of a vocabulary may be typos of which others.

    corrections(["pasword", "password", "cheap", "cheat"], counts=[1, 20, 4, 3])
        {pasword: [password], cheat: [cheap]}                  one edit apart, and at least as many texts hold the correction
    is_typo_by_dictionary("pasword", "password", times=20)     true: the dictionary has "password" and not "pasword"
    is_typo_by_dictionary("cheat", "cheap", times=1.3)         false: it has both

One edit is a letter that is wrong, missing, doubled or too much, or two neighbours that changed places (Damerau). That alone says
little: "mein" and "kein" are one edit apart, and so are most short names. An English dictionary (pyspellchecker's word list) tells
a word from none. For any other language only the frequencies speak.

Only words of letters that have a lower case count. Digits are never mistyped here, and in a script without cases one character is
too much of a word.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Sequence

MIN_CORRECTION, MAX_LETTERS = 2, 30
"""Letters of a correction at least, and of either word at most: "y" may be "my", and "a" is never "b"."""
SURE_LETTERS = 4
"""Letters from which a word that the dictionary lacks is a typo of one that it has."""
LONG_LETTERS = 6
"""Letters from which a word that the dictionary lacks is long."""
TIMES_LONG, TIMES_ANY = 5, 20
"""How many times as many texts must hold the correction: of a long word that the dictionary lacks, and of any word."""


@functools.lru_cache(maxsize=1 << 16)
def in_cased_script(word: str) -> bool:
    """Whether a case-folded word has nothing but letters of a script with upper and lower case."""
    return word.isalpha() and all(map(str.islower, word))


def one_edit_apart(a: str, b: str) -> bool:
    """Whether one insertion, deletion, substitution or exchange of neighbours makes one word of the other."""
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    at = next((i for i, letter in enumerate(short) if letter != long[i]), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    if at == len(short):
        return False
    exchanged = short[at : at + 2] == long[at : at + 2][::-1]
    return short[at + 1 :] == long[at + 1 :] or (exchanged and short[at + 2 :] == long[at + 2 :])


def corrections(words: Sequence[str], counts: Sequence[int]) -> dict[int, list[int]]:
    """Of each word those that it may be a typo of, by place in `words`, which are all different.

    `counts` says how many texts hold each word. Of two that equally many hold, either may be the typo.
    """
    found: dict[int, list[int]] = defaultdict(list)
    for i, j in sorted(_pairs_one_edit_apart(words)):
        if _negated(words[i], words[j]):
            continue
        if counts[i] <= counts[j] and len(words[j]) >= MIN_CORRECTION:
            found[i].append(j)
        if counts[j] <= counts[i] and len(words[i]) >= MIN_CORRECTION:
            found[j].append(i)
    return dict(found)


def is_typo_by_dictionary(word: str, correction: str, times: float) -> bool:
    """Whether the dictionary has the correction and not the word; a word of three letters may be an abbreviation, and must be rare."""
    enough = len(word) >= SURE_LETTERS or (len(word) == SURE_LETTERS - 1 and times >= TIMES_LONG)
    return enough and not in_dictionary(word) and in_dictionary(correction)


def is_typo_by_frequency(word: str, correction: str, times: float) -> bool:
    """Whether `times` as many texts hold the correction as hold the word, and that is enough."""
    long = min(len(word), len(correction)) >= LONG_LETTERS and not in_dictionary(word)
    return times >= (TIMES_LONG if long else TIMES_ANY)


def in_dictionary(word: str) -> bool:
    return word in _english()


def _pairs_one_edit_apart(words: Sequence[str]) -> set[tuple[int, int]]:
    """Two such words share a deletion, as in SymSpell: "cheap" and "cheat" both give "chea". So no word is compared with all."""
    held_by: dict[int, int | list[int]] = {}
    pairs: set[tuple[int, int]] = set()
    for i, word in enumerate(words):
        if len(word) > MAX_LETTERS or not in_cased_script(word):
            continue
        for deletion in {hash(word), *(hash(word[:at] + word[at + 1 :]) for at in range(len(word)))}:
            others = held_by.setdefault(deletion, i)  # most have one word alone, and a list for each would be large
            if others is i:
                continue
            if isinstance(others, int):
                others = held_by[deletion] = [others]
            pairs.update((j, i) for j in others if one_edit_apart(words[j], word))
            others.append(i)
    return pairs


def _negated(a: str, b: str) -> bool:
    """ "can" and "cant", which is how many write "can't"."""
    short, long = sorted((a, b), key=len)
    return short.endswith("n") and long == short + "t"


@functools.cache
def _english() -> frozenset[str]:
    from spellchecker import SpellChecker

    words = SpellChecker(language="en").word_frequency.dictionary
    return frozenset(words) | frozenset(word.replace("'", "") for word in words if "'" in word)
