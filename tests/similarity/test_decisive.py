"""Numbers and negations decide: each pair below differs in one, and is one text by its letters."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.seeds.expansion.prompts import repeats
from distill.similarity.decisive import marks, mistaken, numbers
from distill.similarity.embeddings import alike
from distill.similarity.graph import Graph
from distill.similarity.pairs import near_pairs, nearest
from distill.similarity.typos.typo_pairs import typo_pairs
from distill.text.normalise import normalise

APART = """
24 h|48 h
3pm|4pm
7 a.m.|7 p.m.
at 10:30|at 10:45
the 1st one|the 2nd one
1/2 cup|1/3 cup
½ cup|¼ cup
1½ cups|11/2 cups
A-113|A-131
part B113|part C113
-5 °C|5 °C
\N{MINUS SIGN}5|5
minus 5|plus 5
5 + 3|5 - 3
x > 3|x < 3
$5|€5
100 USD|100 EUR
paid in euros|paid in dollars
5 %|5 ‰
0.5 mg|5 mg
costs .5|costs 5
0,5 l|5 l
5 kg|5 g
in 2 days|in 2 weeks
10²|10³
x²|x2
H₂O|H2O
Ⅳ|Ⅴ
World War II|World War III
version 2.1|version 2.2
version 2.1|version 2.10
Python 3.1|Python 3.10
1.000|1
192.168.0.1|192.168.0.2
007|7
order 1,000|order 1,001
2024-01-02|2024-02-01
5 May|6 May
5 May|5 June
on Mondays|on Tuesdays
open today|open tomorrow
three chairs|four chairs
in size M|in size L
in size XL|in size XXL
what it costs per month|what it costs per year
the monthly plan|the yearly plan
it arrived|it hardly arrived
se on rikki|se ei on rikki
nu este aici|este aici
tidak sampai|sampai
không đến|đến
δεν έφτασε|έφτασε
drei Stühle|vier Stühle
twenty-one|twenty-two
plan B|plan C
GPT-4|GPT-4o
٣ كتب|٤ كتب
三个|四个
三天|三周
24小时|24天
I like it|I don't like it
it is|it isn’t
I can|I can't
I can|I cant
I can|I cannot
again|never again
with sugar|without sugar
paid|unpaid
able|unable
refundable|non-refundable
eine Antwort|keine Antwort
da|nicht da
ça marche|ça ne marche pas
il marche|il ne marche plus
funciona|no funciona
funziona|non funziona
chegou|não chegou
работает|не работает
يعمل|لا يعمل
工作|不工作
動く|動かない
動きます|動きません
작동 해요|작동 안 해요
작동해요|작동하지 않아요
ใช้ได้|ใช้ไม่ได้
"""
SAME = """
1,000|1000
1 000 000|1,000,000
1'000|1000
12.50|12.5
12.50 €|12,5 €
12.00|12
٣|3
１２|12
three|3
first|1st
24h|24 hours
24-hour|24 h
7am|7 a.m.
$5|5 dollars
5%|5 percent
5 kg|5kg
\N{MINUS SIGN}5|-5
A-113|A113
(5),|5
can't|cannot
can’t|can't
I do not not know|I do not know
"""


def pairs_of(table: str) -> list[tuple[str, ...]]:
    return [tuple(line.split("|")) for line in table.strip().split("\n")]


@pytest.mark.parametrize(("one", "other"), pairs_of(APART))
def test_one_number_or_negation_sets_texts_apart_wherever_likeness_decides(one, other):
    body = (
        "and so we would like to hear from you soon, since all of the others have been waiting for a long time by now"
    )
    texts = [normalise(f"{some} {body}") for some in (one, other)]
    assert marks(texts[0]) != marks(texts[1])
    assert near_pairs(texts, threshold=0.5) == []
    assert nearest(texts[:1], texts[1:], threshold=0.5) == [None]
    assert typo_pairs(texts) == []
    assert alike(texts, threshold=0.1, embed=lambda some: numbers(some)[:, None] * 0.0 + 1.0) == []
    assert repeats(texts, seeds=[], tests=[], near=0.5) == {}
    assert Graph.of(texts, threshold=0.5, typos=True).edges == {}


@pytest.mark.parametrize(("one", "other"), pairs_of(SAME))
def test_a_number_is_its_value_however_it_is_written(one, other):
    assert marks(normalise(one)) == marks(normalise(other))


def test_numbers_can_be_ignored():
    texts = [
        f"Your parcel {number} is on its way, and you will hear from the driver before noon" for number in (1041, 1042)
    ]
    assert near_pairs(texts, threshold=0.8) == []
    assert [pair[:2] for pair in near_pairs(texts, threshold=0.8, numbers=False)] == [(0, 1)]
    assert Graph.of(texts, threshold=0.8, numbers=False).edges
    assert repeats(texts, seeds=[], tests=[], near=0.8, numbers=False)


def test_a_copy_is_found_in_a_crowd_that_differs_in_numbers_alone():
    """A template filled 2,000 times is 2,000 texts; the one that was sent twice with another comma is still found."""
    crowd = [
        f"We could not deliver order {number}, please tell us when somebody is at home to take it"
        for number in range(2000)
    ]
    crowd.append("We could not deliver order 1977 please tell us when somebody is at home to take it")
    assert [pair[:2] for pair in near_pairs(crowd, threshold=0.85)] == [(1977, 2000)]


def test_the_order_of_numbers_counts_for_texts_that_are_spelt_alike():
    texts = ["move 500 from account 12 to account 34 today", "move 500 from account 34 to account 12 today"]
    assert near_pairs(texts, threshold=0.5) == []


def test_a_rewording_may_turn_the_order_of_numbers():
    texts = ["order 12 of 3 March", "on 3 March, order 12"]
    assert len(alike(texts, threshold=0.5, embed=lambda some: numbers(some)[:, None] * 0.0 + 1.0)) == 1


@pytest.mark.parametrize(
    ("word", "right", "said"),
    [
        ("fourty", "forty", True), ("wensday", "wednesday", True), ("for", "four", True), ("four", "for", False),
        ("now", "not", False), ("mein", "kein", False), ("not", "now", False), ("mg", "kg", False), ("nine", "five", False),
        ("pasword", "password", None),
    ],
)  # fmt: skip
def test_only_a_word_that_says_nothing_may_be_a_numbers_typo(word, right, said):
    """A word that is in the dictionary, as "for" is, is not taken for a typo in any case."""
    assert mistaken(word, right) is said


def test_a_misspelt_weekday_is_a_typo_and_another_weekday_none():
    right, wrong, other = (f"is the shop open on {day} at ten" for day in ("wednesday", "wednsday", "sunday"))
    assert [pair[:2] for pair in typo_pairs([right, wrong])] == [(0, 1)]
    assert typo_pairs([right, other]) == typo_pairs([wrong, other]) == []


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=60))
def test_any_text_has_marks_that_hang_on_its_spelling_alone(text):
    plain = normalise(text)
    assert marks(plain) == marks(normalise(plain))
    assert (numbers([plain])[0] == 0) == (not marks(plain))


@settings(deadline=None, max_examples=100)
@given(
    st.integers(0, 10**9),
    st.integers(0, 10**9),
    st.sampled_from(["{}", "{:,}", "no. {}", "#{}", "({})", "{}.", "{} kg", "${:,}", "ABC-{}"]),
)
def test_whole_numbers_are_told_apart_and_nothing_else_of_them(one, other, form):
    said = [marks(normalise(f"please send {form.format(number)} to us")) for number in (one, other)]
    assert (said[0] == said[1]) == (one == other)


def test_of_pairs_that_differ_in_one_number_or_negation_none_is_merged():
    """The benchmark's generator, a tenth of its pairs; by letters half of them would be."""
    path = Path(__file__).parents[2] / "benchmarks" / "one_token.py"
    spec = importlib.util.spec_from_file_location("one_token", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.pairs(500, seed=11)
    texts = list(dict.fromkeys(normalise(text) for _, *both in made for text in both))
    graph, places = Graph.of(texts, threshold=0.7, typos=True), {text: at for at, text in enumerate(texts)}
    merged = [pair for pair in made if places[normalise(pair[2])] in graph.edges.get(places[normalise(pair[1])], {})]
    assert merged == []
