"""Many texts in parts come to what they come to at once."""

import random

import pytest

from distill.executors import executor as executors
from distill.executors.executor import InProcess
from distill.similarity import in_parts
from distill.similarity.graph import Graph
from distill.similarity.pairs import near_pairs, nearest

TEXT = "where is my parcel it was sent on monday and has not come yet please tell me the order 17 42 not refund"
WORDS = TEXT.split()


def texts(count, seed):
    chance = random.Random(seed)
    made = [" ".join(chance.choices(WORDS, k=chance.randint(1, 14))) for _ in range(count // 2)]
    form = [f"dear customer your parcel number {n} is on its way to you" for n in range(150)]  # a crowd
    copies = [f"{chance.choice(made)} {chance.choice(WORDS)}" for _ in range(count - len(made) - len(form))]
    return [*made, *form, *copies]


@pytest.mark.parametrize("numbers", [True, False])
@pytest.mark.parametrize("rows", [7, 130])
def test_pairs_are_the_same(rows, numbers):
    some = texts(500, 1)
    whole = near_pairs(some, threshold=0.7, numbers=numbers)
    assert len(whole) > 50
    with executors.using(InProcess(rows=rows)):
        assert near_pairs(some, threshold=0.7, numbers=numbers) == whole


def test_keys_in_ranges_come_to_the_same(monkeypatch):
    some = texts(500, 2)
    whole = near_pairs(some, threshold=0.7, room=20)
    monkeypatch.setattr(in_parts, "TEXTS", 200)
    with executors.using(InProcess(rows=60)):
        assert near_pairs(some, threshold=0.7, room=20) == whole


def test_nearest_of_the_other_side_is_the_same():
    some, others = texts(400, 3), texts(200, 4)
    whole = nearest(some, others, threshold=0.6)
    with executors.using(InProcess(rows=50)):
        assert nearest(some, others, threshold=0.6) == whole


def test_graphs_are_equal():
    some = texts(400, 5)
    whole = Graph.of(some, threshold=0.8, typos=True)
    with executors.using(InProcess(rows=64)):
        assert Graph.of(some, threshold=0.8, typos=True) == whole


def test_texts_that_are_all_far_from_each_other_have_no_pairs():
    some = [f"{chr(97 + n) * 9} {n * 7919} {chr(122 - n) * 9}" for n in range(20)]
    with executors.using(InProcess(rows=6)):
        assert near_pairs(some, threshold=0.9) == []
