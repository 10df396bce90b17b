import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.similarity.pairs import jaccard, shingles
from distill.similarity.typos import spelling
from distill.similarity.typos.typo_pairs import (
    CROWD,
    form_of,
    typo_pairs,
    typo_pairs_between,
    without_courtesy,
    words_of,
)
from distill.text.normalise import normalise

PIECES = [
    "set",
    "sat",
    "sett",
    "an",
    "a",
    "alarm",
    "alrm",
    "alarms",
    "for",
    "fro",
    "7",
    "8",
    "am",
    "please",
    "thank",
    "you,",
    "jon",
    "john",
    "bob",
    "can",
    "cant",
    "can't",
    "mein",
    "kein",
]
MANY = [f"set an alarm for {n} in my car" for n in range(25)]
TEXTS = st.lists(st.lists(st.sampled_from(PIECES), max_size=5).map(" ".join), max_size=14)


def unlike(texts: list[str]) -> list[str]:
    return list(dict.fromkeys(map(normalise, texts)))


def plainly(texts: list[str]) -> set[frozenset[str]]:
    """The pairs by their definition, all with all."""
    read = [words_of(text) for text in texts]
    held = Counter(word for some in read for word in set(some))
    found = set()
    for i, a in enumerate(read):
        for j, b in enumerate(read):
            if i != j and (
                (form_of(a) and form_of(a) == form_of(b))
                or any(form_of(some) == form_of(b) for some in without_courtesy(a))
                or may_be_typo(a, b, read, held)
            ):
                found.add(frozenset((texts[i], texts[j])))
    return found


def may_be_typo(a, b, read, held) -> bool:
    places = [at for at, (one, other) in enumerate(zip(a, b, strict=False)) if one != other]
    if len(a) != len(b) or len(places) != 1:
        return False
    at = places[0]
    word, right, company = a[at], b[at], a[:at] + a[at + 1 :]
    there = {some[at] for some in read if len(some) == len(a) and some[:at] + some[at + 1 :] == company}
    times = held[right] / held[word]

    def may_be(one: str) -> bool:
        return 1 in spelling.corrections([one, right], [held[one], held[right]]).get(0, ())

    if word == right or not may_be(word):
        return False
    slot = any(other != right and not may_be(other) for other in there)
    if not slot and len(company) > 1 and spelling.is_typo_by_frequency(word, right, times):
        return True
    english = [spelling.in_dictionary(other) for other in company if spelling.in_cased_script(other)]
    sure = spelling.is_typo_by_dictionary(word, right, times) and (not slot or times >= spelling.TIMES_LONG)
    return sure and bool(english) and 2 * sum(english) >= len(english)


def named(texts: list[str]) -> set[frozenset[str]]:
    return {frozenset((texts[i], texts[j])) for i, j, _ in typo_pairs(texts)}


@settings(deadline=None, max_examples=40)
@given(TEXTS, st.booleans(), st.randoms(use_true_random=False))
def test_the_pairs_are_those_of_all_with_all_in_any_order(texts, many, chance):
    texts = unlike([*texts, *(MANY if many else [])])
    found = typo_pairs(texts)
    assert found == sorted(found)
    assert all(i < j and value == jaccard(shingles(texts[i]), shingles(texts[j])) for i, j, value in found)
    assert named(texts) == plainly(texts)
    assert named(chance.sample(texts, len(texts))) == named(texts)


@settings(deadline=None, max_examples=20)
@given(TEXTS, TEXTS)
def test_between_two_sides_are_the_pairs_of_all_that_have_one_text_on_each(texts, others):
    every = unlike([*others, *texts])
    sides = {normalise(text) for text in texts}, {normalise(text) for text in others}
    expected = {(a, b) for pair in named(every) for a in pair for b in pair - {a} if a in sides[0] and b in sides[1]}
    found = typo_pairs_between(texts, others)
    assert {(normalise(texts[i]), normalise(others[j])) for i, j, _ in found} == expected


QUERY = "how do i set an alarm for my next flight"
TYPOS = {
    "a wrong letter": "how do i set an alatm for my next flight",
    "a letter left out": "how do i set an alrm for my next flight",
    "a letter too much": "how do i set an alarrm for my next flight",
    "an exchange": "how do i set an alamr for my next flight",
    "a short word that many texts have": "how do i set an alarm for y next flight",
    "punctuation": "How do I set an alarm, for my next flight?!",
    "no space": "how do i set analarm for my next flight",
    "a space": "how do i set an al arm for my next flight",
    "a word twice": "how do i set an an alarm for my next flight",
    "please": "Please, how do I set an alarm for my next flight",
    "thank you": "how do i set an alarm for my next flight? Thank you!",
}
COMPANY = [f"is my parcel number {n} on its way" for n in range(30)]


@pytest.mark.parametrize("kind", TYPOS)
def test_a_text_is_found_again_with_a_typo_of_each_kind(kind):
    texts = unlike([QUERY, TYPOS[kind], *COMPANY])
    assert [pair[:2] for pair in typo_pairs(texts)] == [(0, 1)]


OTHERS = [
    ("set an alarm for 7 am", "set an alarm for 8 am"),
    ("transfer 100 to my savings", "transfer 1000 to my savings"),
    ("transfer 10 0 to my savings", "transfer 100 to my savings"),
    ("what is 5! in words", "what is 5 in words"),
    ("how much is 1.5 pounds", "how much is 15 pounds"),
    ("change dollars to euros", "change dollars to pounds"),
    ("book me a cheap room in town", "book me a cheat room in town"),
    ("i can log into my account", "i cant log into my account"),
    ("they are legal in this state", "they are illegal in this state"),
    ("the nitrate level in my well", "the nitrite level in my well"),
    ("he is at the door now", "she is at the door now"),
    ("call jon on his phone", "call john on his phone"),
    ("flights from york to cork", "flights from york to york"),
    ("is it x + y or x", "is it x - y or x"),
    ("das ist mein auto vor der tür", "das ist kein auto vor der tür"),
    ("wie lautet denn ihr name bitte", "wie lautet denn ihr namen bitte"),
    ("我想订一张机票", "我想退一张机票"),
    ("translate hello", "translate please"),
    ("choose option a for me", "choose option b for me"),
    ("?", "!"),
    ("", "..."),
]


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_numbers_names_negations_and_other_words_are_no_typos(one, other):
    assert typo_pairs(unlike([one, other, *COMPANY])) == []


def test_what_stands_in_an_open_slot_is_no_typo_of_what_also_does():
    """Of two texts alone the frequent word is the right one; where the place takes a third word, both are meant."""
    often = [f"i see john at {n}" for n in range(25)]
    pair = ["tell jon about the party today", "tell john about the party today"]
    assert [pair[:2] for pair in typo_pairs([*pair, *often])] == [(0, 1)]
    assert typo_pairs([*pair, "tell mary about the party today", *often]) == []


def test_in_a_slot_the_dictionary_needs_frequency_beside_it():
    """A name that no dictionary has may stand in a slot once, and so may the word that it resembles."""
    pair = ["what does amicable mean in law", "what does amicabel mean in law"]
    slot = "what does frugal mean in law"
    assert [pair[:2] for pair in typo_pairs(pair)] == [(0, 1)]
    assert typo_pairs([*pair, slot]) == []
    often = [f"an amicable reply from number {n}" for n in range(4)]
    assert [pair[:2] for pair in typo_pairs([*pair, slot, *often])] == [(0, 1)]


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_has_words_and_a_form(text):
    some = words_of(normalise(text))
    assert all(some)
    assert len(form_of(some)) <= len(normalise(text)) + len(some)
    assert not any(character.isspace() for word in some for character in word)


def test_a_crowd_costs_no_square():
    """Thousands of texts with one word in a slot, and hundreds of one form."""
    chance = random.Random(1)
    names = {"".join(chance.choices("abcdefghij", k=7)) for _ in range(3000)}
    assert typo_pairs([f"call {name} on the phone now" for name in sorted(names)]) == []
    marks = {"".join(chance.choices(".!?", k=8)) for _ in range(300)}
    found = typo_pairs([f"call me on the phone now{some}" for some in sorted(marks)])
    assert len({j for _, j, _ in found}) == len(marks) - 1
    assert len(found) <= CROWD * len(marks)
