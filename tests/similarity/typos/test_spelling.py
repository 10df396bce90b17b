import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.similarity.typos import spelling

WORDS = st.lists(st.text("abtn", max_size=5), max_size=12, unique=True)


def errors(word: str, letters: str = "abtn") -> set[str]:
    """Every word that one error makes of a word."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    made = {a + b[1:] for a, b in cuts if b}
    made |= {a + letter + b for a, b in cuts for letter in letters}
    made |= {a + letter + b[1:] for a, b in cuts if b for letter in letters}
    made |= {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    return made - {word}


@given(st.text("abtn", max_size=6), st.text("abtn", max_size=6))
def test_one_error_is_an_insertion_a_deletion_a_substitution_or_an_exchange_of_neighbours(a, b):
    assert spelling.one_edit_apart(a, b) == (b in errors(a))
    assert spelling.one_edit_apart(a, b) == spelling.one_edit_apart(b, a)
    assert all(spelling.one_edit_apart(a, other) for other in errors(a))


@settings(deadline=None)
@given(WORDS, st.randoms(use_true_random=False))
def test_neighbours_are_those_of_all_words_with_all(words, chance):
    counts = [chance.randrange(1, 4) for _ in words]
    expected = {
        (a, b)
        for i, a in enumerate(words)
        for j, b in enumerate(words)
        if a and len(b) > 1 and counts[i] <= counts[j] and b in errors(a)
        if not (min(a, b, key=len) + "t" == max(a, b, key=len) and min(a, b, key=len).endswith("n"))
    }
    found = spelling.corrections(words, counts)
    assert {(words[i], words[j]) for i, rights in found.items() for j in rights} == expected
    assert all(len(set(rights)) == len(rights) for rights in found.values())


@pytest.mark.parametrize(
    ("word", "right"),
    [("7", "8"), ("w2", "w3"), ("a", "b"), ("can", "cant"), ("買う", "売う"), ("c++", "c+"), ("a" * 40, "a" * 41)],
)
def test_digits_symbols_single_letters_negations_and_scripts_without_cases_are_never_misspelt(word, right):
    assert spelling.corrections([word, right], [1, 100]) == {}


def test_the_dictionary_tells_a_word_from_none():
    assert spelling.is_typo_by_dictionary("alrm", "alarm", 1)
    assert not spelling.is_typo_by_dictionary("cheat", "cheap", 100)
    assert not spelling.is_typo_by_dictionary("alarm", "alrm", 1)
    assert not spelling.is_typo_by_dictionary("uk", "us", 100)  # too short for a dictionary that has no abbreviations
    assert spelling.in_dictionary("dont")  # as many write it


def test_without_the_dictionary_a_correction_must_be_held_by_many_more():
    assert spelling.is_typo_by_frequency("bezahlne", "bezahlen", 5)
    assert not spelling.is_typo_by_frequency("bezahlne", "bezahlen", 4.9)
    assert spelling.is_typo_by_frequency("kien", "kein", 20)
    assert not spelling.is_typo_by_frequency("mein", "kein", 19)
    assert not spelling.is_typo_by_frequency("quietly", "quickly", 19)
