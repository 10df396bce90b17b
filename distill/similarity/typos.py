"""Which texts are the same but for one slip of typing, though they are too short to overlap much.

One wrong letter in 45 characters spoils a tenth of all 4-grams, so `distill.similarity.pairs` finds long twins and misses short ones. Here two
texts are twins where one of these is all that sets them apart:

    their form     punctuation after and around words, apostrophes, a space between two words of letters, a word typed twice
    courtesy       "please", "hi", "thanks" and their like at the beginning or the end of one of them
    a misspelling  one word, that `distill.misspelt` takes for a misspelling of what the other has in its place

Digits and symbols always count, and so does the space beside them: "7 am" is not "8 am". So do numbers in words and negations
(`distill.similarity.decisive`): "four" is not "for", and "now" not "not"; only a word that no dictionary has may be a number's misspelling.
Where other texts have further words in the place of the misspelling ("call jon", "call john", "call bob") it is a slot whose words
differ for a reason: there only the dictionary and the frequency together can tell.

Whether a word is a misspelling hangs on the other texts, but neither on their order nor on the machine. The work grows with the number
of texts: texts with the same words but one meet by a hash in which that one is left out, as do texts of the same form.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from distill import misspelt
from distill.similarity import decisive
from distill.similarity.minhash import blocks
from distill.similarity.pairs import jaccard, shingles
from distill.text.normalise import normalise

Pairs = set[tuple[int, int]]
Words = tuple[str, ...]
Hashes = NDArray[np.uint64]
Ints = NDArray[np.int64]

LONGEST, MOST = 400, 50
"""Characters and words of a text that is looked at: in longer ones the 4-grams find a slip."""
ROOM = 16
"""With how many texts of one form, the first of them, another is paired."""
BLOCK = 1 << 18
"""Words whose hashes are in memory at a time."""
_MARKS, _QUOTES = ".,;:!?…。，！？、", "\"'`´‘’“”„«»¿¡"
_APOSTROPHES = str.maketrans("", "", "'`´‘’")
COURTESY: frozenset[Words] = frozenset(
    tuple(some.split())
    for some in (
        *("please", "pls", "plz", "kindly", "hi", "hello", "hey", "thanks", "thank you", "thx"),
        *("bitte", "hallo", "danke", "vielen dank", "alstublieft", "bedankt"),
        *("bonjour", "salut", "merci", "svp", "sil vous plaît", "sil te plaît"),
        *("hola", "gracias", "por favor", "ciao", "grazie", "per favore", "olá", "obrigado", "obrigada"),
        *("привет", "пожалуйста", "спасибо"),
    )
)


def slips(texts: Sequence[str], *, numbers: bool = True) -> list[tuple[int, int, float]]:
    """Pairs (i, j, overlap of their 4-grams), i < j, sorted, of texts that are normalised and all different.

    With `numbers`, none of two whose numbers or negations differ.
    """
    read = _read(texts)
    found = _of_one_form(texts, read) | _courteous(texts, read)
    if numbers:
        found = {(i, j) for i, j in found if decisive.marks(texts[i]) == decisive.marks(texts[j])}
    found |= _misspelt(read, numbers)
    return [(i, j, jaccard(shingles(texts[i]), shingles(texts[j]))) for i, j in sorted(found)]


def between(texts: Sequence[str], others: Sequence[str], *, numbers: bool = True) -> list[tuple[int, int, float]]:
    """The same of each text with each of the others: (place in `texts`, place in `others`, overlap), sorted."""
    asked: dict[str, list[int]] = defaultdict(list)
    for at, text in enumerate(texts):
        asked[normalise(text)].append(at)
    first: dict[str, int] = {}
    for at, text in enumerate(others):
        first.setdefault(normalise(text), at)
    both = list(dict.fromkeys([*first, *asked]))
    found = []
    for i, j, value in slips(both, numbers=numbers):
        for one, other in ((both[i], both[j]), (both[j], both[i])):
            if other in first:
                found += [(at, first[other], value) for at in asked.get(one, ())]
    return sorted(found)


def words(text: str) -> Words:
    """The words of a normalised text without punctuation, each once where it is repeated on the spot; () where it is long."""
    found: list[str] = []
    for piece in text.split() if len(text) <= LONGEST else ():
        word = piece if piece.isalpha() else _bare(piece)
        if word and not (found and found[-1] == word and misspelt.lettered(word)):
            found.append(word)
    return tuple(found) if len(found) <= MOST else ()


def form(some: Words) -> str:
    """Words as one, with a space only beside what is not of letters alone."""
    parts, before = [], False
    for at, word in enumerate(some):
        plain = misspelt.lettered(word)
        parts.append(word if at == 0 or (plain and before) else f" {word}")
        before = plain
    return "".join(parts)


def curter(some: Words) -> Iterator[Words]:
    """The same words without a courtesy at the beginning or the end, where two or more are left."""
    for size in (1, 2, 3):
        if len(some) >= size + 2:
            if some[:size] in COURTESY:
                yield some[size:]
            if some[-size:] in COURTESY:
                yield some[:-size]


def _bare(piece: str) -> str:
    """A piece between spaces without its punctuation; beside a digit a mark may be more than that, and most stay."""
    if any(map(str.isnumeric, piece)):
        return piece.rstrip(".,;?").strip('"“”„«»')
    return piece.strip(_QUOTES).rstrip(_MARKS + _QUOTES).translate(_APOSTROPHES)


@dataclass(frozen=True, slots=True)
class _Read:
    """The words of n texts."""

    vocabulary: Sequence[str]
    ids: NDArray[np.uint32]
    """All words of all texts, one text after the other, by place in `vocabulary`."""
    starts: Ints
    """(n + 1): where the words of each text begin, and the last ones end."""
    order: Ints
    """The texts sorted by the hash of their form, then by place."""
    forms: Ints
    """Those hashes, sorted."""


def _read(texts: Sequence[str]) -> _Read:
    places: dict[str, int] = {}
    ids, sizes, forms = array("I"), array("q", [0]), array("q")
    for text in texts:
        some = words(text)
        ids.extend(places.setdefault(word, len(places)) for word in some)
        sizes.append(len(some))
        forms.append(hash(form(some)))
    hashes = np.frombuffer(forms, np.int64) if forms else np.empty(0, np.int64)
    order = np.argsort(hashes, kind="stable")
    starts = np.cumsum(np.frombuffer(sizes, np.int64))
    flat = np.frombuffer(ids, np.uint32) if ids else np.empty(0, np.uint32)
    return _Read(list(places), flat, starts, order, hashes[order])


def _of_one_form(texts: Sequence[str], read: _Read) -> Pairs:
    same = np.flatnonzero(read.forms[1:] == read.forms[:-1])
    groups: dict[str, list[int]] = defaultdict(list)
    for i in sorted({int(read.order[at + more]) for at in same.tolist() for more in (0, 1)}):
        if spelt := form(words(texts[i])):
            groups[spelt].append(i)
    return {(i, j) for group in groups.values() for at, j in enumerate(group) for i in group[: min(at, ROOM)]}


def _courteous(texts: Sequence[str], read: _Read) -> Pairs:
    ends = {word for some in COURTESY for word in (some[0], some[-1])}
    marks = [number for number, word in enumerate(read.vocabulary) if word in ends]
    filled = np.flatnonzero(np.diff(read.starts))
    first, last = read.ids[read.starts[filled]], read.ids[read.starts[filled + 1] - 1]
    found: Pairs = set()
    for i in filled[np.isin(first, marks) | np.isin(last, marks)].tolist():
        for curt in map(form, curter(words(texts[i]))):
            begin = int(np.searchsorted(read.forms, hash(curt)))
            for j in read.order[begin : begin + ROOM].tolist():
                if j != i and form(words(texts[j])) == curt:
                    found.add((min(i, j), max(i, j)))
    return found


def _misspelt(read: _Read, numbers: bool) -> Pairs:
    counts = _held_by(read)
    right_of = misspelt.neighbours(read.vocabulary, counts)
    found: Pairs = set()
    for place, held in _places(read, right_of):
        for word, right in [(wrong, right) for wrong in held for right in right_of.get(wrong, ()) if right in held]:
            slot = any(other != right and right not in right_of.get(other, ()) for other in held)
            times = counts[right] / counts[word]
            for i in held[word]:
                company = _company(read, i, place)
                if _is_slip(read, (word, right), times, slot=slot, company=company, numbers=numbers):
                    found.update((min(i, j), max(i, j)) for j in held[right][:ROOM])
    return found


def _is_slip(read: _Read, pair: tuple[int, int], times: float, *, slot: bool, company: Words, numbers: bool) -> bool:
    """Whether a word is a misspelling of another that `times` as many texts hold; `company` are the words around it."""
    word, right = (read.vocabulary[number] for number in pair)
    mistaken = decisive.mistaken(word, right) if numbers else None
    if mistaken is False:
        return False
    if mistaken is None and not slot and len(company) > 1 and misspelt.by_frequency(word, right, times):
        return True
    if (slot and times < misspelt.RARE) or not misspelt.in_dictionary(word, right, times):
        return False
    spelt = [misspelt.known(other) for other in company if misspelt.lettered(other)]
    return bool(spelt) and 2 * sum(spelt) >= len(spelt)  # otherwise the text is in another language than the dictionary


def _company(read: _Read, text: int, place: int) -> Words:
    some = read.ids[read.starts[text] : read.starts[text + 1]].tolist()
    return tuple(read.vocabulary[number] for at, number in enumerate(some) if at != place)


def _held_by(read: _Read) -> list[int]:
    """How many texts hold each word."""
    counts = np.zeros(len(read.vocabulary), np.int64)
    for start, stop in blocks(np.diff(read.starts), BLOCK):
        some = slice(read.starts[start], read.starts[stop])
        text = np.repeat(np.arange(start, stop), np.diff(read.starts[start : stop + 1]))
        each = np.unique((text << 32) | read.ids[some])
        counts += np.bincount(each & 0xFFFFFFFF, minlength=len(counts))
    return counts.tolist()


def _places(read: _Read, right_of: Mapping[int, Sequence[int]]) -> Iterator[tuple[int, dict[int, list[int]]]]:
    """(place, {word: texts}) of all texts that are the same but for the word in that place, where one may be misspelt."""
    asking = np.zeros(len(read.vocabulary), bool)
    asking[[number for word, some in right_of.items() for number in (word, *some)]] = True
    every = np.concatenate([np.empty(0, np.uint64), *(some[asking[ids]] for _, ids, some in _left_out(read))])
    every.sort()  # in place: of a million texts these are the largest thing there is
    asked = np.unique(every[1:][every[1:] == every[:-1]])
    groups: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    at_place: dict[int, int] = {}
    for at, ids, left in _left_out(read):
        for hit in np.flatnonzero(_among(left, asked)).tolist():
            text = int(np.searchsorted(read.starts, at + hit, side="right")) - 1
            key = int(left[hit])
            at_place[key] = at + hit - int(read.starts[text])
            groups[key][int(ids[hit])].append(text)
    return ((at_place[key], held) for key, held in groups.items() if len(held) > 1)


def _left_out(read: _Read) -> Iterator[tuple[int, NDArray[np.uint32], Hashes]]:
    """(where it begins, words, of each word the hash of its text without it, but with its place), a block at a time."""
    chance = np.random.default_rng(0)
    of_word = chance.integers(1 << 64, size=len(read.vocabulary), dtype=np.uint64)
    of_place = chance.integers(1 << 64, size=MOST, dtype=np.uint64) | np.uint64(1)
    sizes = np.diff(read.starts)
    for start, stop in blocks(sizes, BLOCK):
        first, last = int(read.starts[start]), int(read.starts[stop])
        some, begins = sizes[start:stop], read.starts[start:stop] - first
        ids = read.ids[first:last]
        terms = of_word[ids] * of_place[np.arange(last - first) - np.repeat(begins, some)]
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(terms)])
        yield first, ids, np.repeat(sums[begins + some] - sums[begins], some) - terms


def _among(hashes: Hashes, asked: Hashes) -> NDArray[np.bool_]:
    """Which of some hashes are among those asked about, which are sorted."""
    if not len(asked):
        return np.zeros(len(hashes), bool)
    at = np.searchsorted(asked, hashes)
    return np.equal(asked[np.minimum(at, len(asked) - 1)], hashes)
