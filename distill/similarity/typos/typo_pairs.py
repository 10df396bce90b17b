"""Which texts differ by one typo, though they are too short to overlap much: texts in, pairs out.

    "my pasword is lost"        "my password is lost"     a misspelt word
    "my password is lost!!"     "my password is lost"     punctuation after and around words, apostrophes
    "my pass word is lost"      "my password is lost"     a space between two words of letters
    "my my password is lost"    "my password is lost"     a word typed twice
    "hi my password is lost"    "my password is lost"     a courtesy at the beginning or the end ("please", "thanks")

One wrong letter in 45 characters spoils a tenth of all 4-grams, so `distill.similarity.pairs` finds long near-duplicates and misses short ones.

Two texts have the same form where only punctuation, spaces and repeated words differ. They meet by a hash of it. A misspelt word is
found by its context, which is the text without that word: "my … is lost" (`distill.similarity.typos.contexts`).

Is "pasword" a typo of "password"? `distill.similarity.typos.spelling` says, by a dictionary and by how many texts hold each word. Where other texts have
further words in that place ("call jon", "call john", "call bob") it is an open slot, whose words differ for a reason: there only
dictionary and frequency together can tell.

Digits and symbols always count, and so does the space beside them: "7 am" is not "8 am". So do numbers in words and negations
(`distill.similarity.decisive`): "four" is not "for", and "now" not "not". Only a word that no dictionary has may be a number's typo.

Whether a word is a typo depends on the other texts, but neither on their order nor on the machine. The work grows with the number of
texts.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from distill.similarity import decisive
from distill.similarity.arrays import Int64s
from distill.similarity.pairs import jaccard, shingles
from distill.similarity.typos import spelling
from distill.similarity.typos.contexts import (
    MAX_WORDS,
    Corpus,
    WordTuple,
    among,
    repeated,
    texts_by_context,
    texts_with_word,
)
from distill.text.normalise import normalise

TypoPairs = set[tuple[int, int]]

MAX_CHARACTERS = 400
"""Of a text that is looked at, which has no more than `MAX_WORDS` either: in longer ones the 4-grams find a typo."""
CROWD = 16
"""With how many texts of one form, the first of them, another is paired."""
_MARKS, _QUOTES = ".,;:!?…。，！？、", "\"'`´‘’“”„«»¿¡"
_APOSTROPHES = str.maketrans("", "", "'`´‘’")
COURTESY: frozenset[WordTuple] = frozenset(
    tuple(phrase.split())
    for phrase in (
        *("please", "pls", "plz", "kindly", "hi", "hello", "hey", "thanks", "thank you", "thx"),
        *("bitte", "hallo", "danke", "vielen dank", "alstublieft", "bedankt"),
        *("bonjour", "salut", "merci", "svp", "sil vous plaît", "sil te plaît"),
        *("hola", "gracias", "por favor", "ciao", "grazie", "per favore", "olá", "obrigado", "obrigada"),
        *("привет", "пожалуйста", "спасибо"),
    )
)
_COURTEOUS_ENDS = frozenset(word for phrase in COURTESY for word in (phrase[0], phrase[-1]))


def typo_pairs(texts: Sequence[str], *, numbers: bool = True) -> list[tuple[int, int, float]]:
    """Pairs (i, j, overlap of their 4-grams), i < j, sorted, of texts that are normalised and all different.

    With `numbers`, none of two whose numbers or negations differ.
    """
    read = _read(texts)
    pairs = _same_form(texts, read)
    if numbers:
        pairs = {(i, j) for i, j in pairs if decisive.marks(texts[i]) == decisive.marks(texts[j])}
    pairs |= _misspelt(read.corpus, numbers)
    return [(i, j, jaccard(shingles(texts[i]), shingles(texts[j]))) for i, j in sorted(pairs)]


def typo_pairs_between(
    texts: Sequence[str], others: Sequence[str], *, numbers: bool = True
) -> list[tuple[int, int, float]]:
    """The same of each text with each of the others: (place in `texts`, place in `others`, overlap), sorted."""
    places: dict[str, list[int]] = defaultdict(list)
    for at, text in enumerate(texts):
        places[normalise(text)].append(at)
    first: dict[str, int] = {}
    for at, text in enumerate(others):
        first.setdefault(normalise(text), at)
    every = list(dict.fromkeys([*first, *places]))
    found = []
    for i, j, overlap in typo_pairs(every, numbers=numbers):
        for text, other in ((every[i], every[j]), (every[j], every[i])):
            if other in first:
                found += [(at, first[other], overlap) for at in places.get(text, ())]
    return sorted(found)


def words_of(text: str) -> WordTuple:
    """The words of a normalised text without punctuation, each once where it is repeated on the spot; () of a long text."""
    words: list[str] = []
    for piece in text.split() if len(text) <= MAX_CHARACTERS else ():
        word = piece if piece.isalpha() else _without_punctuation(piece)
        if word and not (words and words[-1] == word and spelling.in_cased_script(word)):
            words.append(word)
    return tuple(words) if len(words) <= MAX_WORDS else ()


def form_of(words: WordTuple) -> str:
    """Words joined into one, with a space only beside what is not of letters alone: ("alarm", "at", "7", "am") → "alarmat 7 am"."""
    parts, letters_before = [], False
    for at, word in enumerate(words):
        letters = spelling.in_cased_script(word)
        parts.append(word if at == 0 or (letters and letters_before) else f" {word}")
        letters_before = letters
    return "".join(parts)


def without_courtesy(words: WordTuple) -> Iterator[WordTuple]:
    """The words without a courtesy at the beginning or the end, where two or more are left."""
    for size in (1, 2, 3):
        if len(words) >= size + 2:
            if words[:size] in COURTESY:
                yield words[size:]
            if words[-size:] in COURTESY:
                yield words[:-size]


def _without_punctuation(piece: str) -> str:
    """A piece between spaces; beside a digit a mark may be more than punctuation, and most stay."""
    if any(map(str.isnumeric, piece)):
        return piece.rstrip(".,;?").strip('"“”„«»')
    return piece.strip(_QUOTES).rstrip(_MARKS + _QUOTES).translate(_APOSTROPHES)


@dataclass(frozen=True, slots=True)
class _Read:
    corpus: Corpus
    forms: Int64s
    """The hash of each text's form."""
    courteous: Sequence[int]
    """The texts that may have a courtesy at either end."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A word that may be a typo of another: both stand in one context."""

    word: str
    correction: str
    times: float
    """How many times as many texts hold the correction."""
    context: WordTuple
    open_slot: bool
    """Whether other texts have further words in that place."""


def _read(texts: Sequence[str]) -> _Read:
    places: dict[str, int] = {}
    ids, sizes, forms, courteous = array("I"), array("q", [0]), array("q"), array("q")
    for i, text in enumerate(texts):
        words = words_of(text)
        ids.extend(places.setdefault(word, len(places)) for word in words)
        sizes.append(len(words))
        forms.append(hash(form_of(words)))
        if words and (words[0] in _COURTEOUS_ENDS or words[-1] in _COURTEOUS_ENDS):
            courteous.append(i)
    flat = np.frombuffer(ids, np.uint32) if ids else np.empty(0, np.uint32)
    hashes = np.frombuffer(forms, np.int64) if forms else np.empty(0, np.int64)
    corpus = Corpus(list(places), flat, np.cumsum(np.frombuffer(sizes, np.int64)))
    return _Read(corpus, hashes, courteous)


def _same_form(texts: Sequence[str], read: _Read) -> TypoPairs:
    """Texts of one form, and texts that have the form of another but for a courtesy."""
    shorter = [(i, form_of(some)) for i in read.courteous for some in without_courtesy(words_of(texts[i]))]
    wanted = np.concatenate([repeated(read.forms.copy()), np.array([hash(form) for _, form in shorter], np.int64)])
    texts_by_form: dict[str, list[int]] = defaultdict(list)
    for i in np.flatnonzero(among(read.forms, np.sort(wanted))).tolist():
        if form := form_of(words_of(texts[i])):
            texts_by_form[form].append(i)
    pairs = {(i, j) for same in texts_by_form.values() for at, j in enumerate(same) for i in same[: min(at, CROWD)]}
    for i, form in shorter:
        pairs.update((min(i, j), max(i, j)) for j in texts_by_form.get(form, ())[:CROWD] if i != j)
    return pairs


def _misspelt(corpus: Corpus, numbers: bool) -> TypoPairs:
    """Texts that are the same but for one word, which is a typo in one of them."""
    counts = texts_with_word(corpus)
    corrections = spelling.corrections(corpus.vocabulary, counts)
    pairs: TypoPairs = set()
    for place, texts_by_word in texts_by_context(corpus, corrections):
        for word, correction in [(w, c) for w in texts_by_word for c in corrections.get(w, ()) if c in texts_by_word]:
            texts = texts_by_word[word]
            candidate = _Candidate(
                word=corpus.vocabulary[word],
                correction=corpus.vocabulary[correction],
                times=counts[correction] / counts[word],
                context=corpus.context_words(texts[0], place),
                open_slot=any(w != correction and correction not in corrections.get(w, ()) for w in texts_by_word),
            )
            if _is_typo(candidate, numbers):
                pairs.update((min(i, j), max(i, j)) for i in texts for j in texts_by_word[correction][:CROWD])
    return pairs


def _is_typo(found: _Candidate, numbers: bool) -> bool:
    word, correction, times = found.word, found.correction, found.times
    mistyped = decisive.mistaken(word, correction) if numbers else None
    if mistyped is False:
        return False
    frequency_counts = mistyped is None and not found.open_slot and len(found.context) > 1
    if frequency_counts and spelling.is_typo_by_frequency(word, correction, times):
        return True
    if found.open_slot and times < spelling.TIMES_LONG:
        return False
    return spelling.is_typo_by_dictionary(word, correction, times) and _in_english(found.context)


def _in_english(context: WordTuple) -> bool:
    """Whether the dictionary has half of the words or more: of a text in another language it tells nothing."""
    known = [spelling.in_dictionary(word) for word in context if spelling.in_cased_script(word)]
    return bool(known) and 2 * sum(known) >= len(known)
