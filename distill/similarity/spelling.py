"""Which words of a vocabulary may be misspellings of which others.

Two words are one error apart where a letter was typed wrong, left out, typed twice or too much, or two neighbours changed places
(Damerau). That alone says little: "cheap" and "cheat" are one error apart, "mein" and "kein" are, and so are most short names. A word
is a misspelling only beside one that is held by more texts, and how many more depends on what is known of it: an English dictionary
(pyspellchecker's, which comes in the package) tells a word from none, and for any other language only the frequencies speak.

Only words of letters that have a lower case count: digits are never mistyped here, and in a script without cases one character is
too much of a word.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Sequence

SHORTEST, LONGEST = 2, 30
"""Letters of a correction, and at most of either word: "y" may be "my", and "a" is never "b"."""
_SURE = 4
"""Letters from which a word that the dictionary lacks is a misspelling of one that it has."""
RARE, OFTEN = 5, 20
"""How many times as many texts must hold the correction: of a word of `_PLAIN` letters or more that no dictionary has, and of any."""
_PLAIN = 6


@functools.lru_cache(maxsize=1 << 16)
def lettered(word: str) -> bool:
    """Whether a word, case-folded, is of nothing but letters of a script with cases."""
    return word.isalpha() and all(map(str.islower, word))


def one_error(a: str, b: str) -> bool:
    """Whether one insertion, deletion, substitution or exchange of neighbours makes one word of the other."""
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    at = next((i for i, letter in enumerate(short) if letter != long[i]), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    if at == len(short):
        return False
    swapped = short[at : at + 2] == long[at : at + 2][::-1]
    return short[at + 1 :] == long[at + 1 :] or (swapped and short[at + 2 :] == long[at + 2 :])


def neighbours(words: Sequence[str], counts: Sequence[int]) -> dict[int, list[int]]:
    """Of each word the words one error apart that at least as many texts hold; by place in `words`, without repeats.

    By deletions, as in SymSpell: two such words have one in common, so that no word is compared with all.
    """
    shared: dict[int, int | list[int]] = {}
    pairs: set[tuple[int, int]] = set()
    for i, word in enumerate(words):
        if len(word) > LONGEST or not lettered(word):
            continue
        for cut in {hash(word), *(hash(word[:at] + word[at + 1 :]) for at in range(len(word)))}:
            held = shared.setdefault(cut, i)  # most deletions are of one word alone, and a list of each would be large
            if held is i:
                continue
            if isinstance(held, int):
                held = shared[cut] = [held]
            pairs.update((j, i) for j in held if one_error(words[j], word))
            held.append(i)
    found: dict[int, list[int]] = defaultdict(list)
    for i, j in sorted(pairs):
        if _negated(words[i], words[j]):
            continue
        if counts[i] <= counts[j] and len(words[j]) >= SHORTEST:
            found[i].append(j)
        if counts[j] <= counts[i] and len(words[i]) >= SHORTEST:
            found[j].append(i)
    return dict(found)


def in_dictionary(word: str, right: str, times: float) -> bool:
    """Whether the dictionary tells: it has `right`, and not `word`; a short word may be an abbreviation, and must be rare too."""
    return (len(word) >= _SURE or (len(word) == _SURE - 1 and times >= RARE)) and not known(word) and known(right)


def by_frequency(word: str, right: str, times: float) -> bool:
    """Whether frequency tells: `times` as many texts hold `right`."""
    plain = min(len(word), len(right)) >= _PLAIN and not known(word)
    return times >= (RARE if plain else OFTEN)


def known(word: str) -> bool:
    """Whether the English dictionary has a word."""
    return word in _english()


def _negated(a: str, b: str) -> bool:
    """ "can" and "cant", which is how many write "can't"."""
    short, long = sorted((a, b), key=len)
    return short.endswith("n") and long == short + "t"


@functools.cache
def _english() -> frozenset[str]:
    from spellchecker import SpellChecker

    words = SpellChecker(language="en").word_frequency.dictionary
    return frozenset(words) | frozenset(word.replace("'", "") for word in words if "'" in word)
