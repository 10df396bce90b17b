import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.curate.selection import diversity as module
from distill.curate.selection.diversity import apart, spread

WORDS = ["kettle", "refund", "lamp", "order 12", "where?", "- now\n- please", "ünïcode", ""]
INPUTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join), min_size=1, max_size=40)


@settings(deadline=None)
@given(INPUTS, st.data())
def test_as_many_rows_as_asked_each_once_and_none_that_is_taken(inputs, data):
    taken = data.draw(st.lists(st.integers(0, len(inputs) - 1), unique=True, max_size=5))
    count = data.draw(st.integers(0, len(inputs) - len(taken)))
    weight = data.draw(st.sampled_from([0.0, 0.5, 1.0]))
    quality = data.draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=len(inputs), max_size=len(inputs)))
    picked = spread(inputs, inputs, quality, count=count, weight=weight, taken=taken)
    assert len(picked) == len(set(picked)) == count
    assert not set(picked) & set(taken)
    if weight == 0 and count:
        rest = sorted((quality[i] for i in range(len(inputs)) if i not in taken), reverse=True)
        assert sorted((quality[i] for i in picked), reverse=True) == rest[:count]


@pytest.mark.parametrize("count", [30, 400], ids=["few of many", "many of many"])
def test_a_large_stratum_is_dealt_into_small_tables(count, monkeypatch):
    """No table is larger than it may be, whatever the stratum, and the picks are still as many as asked, and apart."""
    sizes = []

    def traits(inputs, answers):
        sizes.append(len(inputs))
        return found(inputs, answers)

    found = module.traits
    monkeypatch.setattr(module, "traits", traits)
    inputs = [f"order {i * 7919 % 100_000} of {WORDS[i % 7]} {'very ' * (i % 9)}late" for i in range(4000)]
    picked = spread(inputs, inputs, [1.0] * 4000, count=count, weight=1.0)
    assert len(set(picked)) == count
    assert max(sizes) <= module.TABLE
    assert sum(sizes) < 4000 * 1.5
    some, first = (apart([inputs[i] for i in rows], ["a"] * count).mean() for rows in (picked, range(count)))
    assert some > first


def test_a_few_beside_many_that_are_taken_come_from_a_fair_sample_and_are_as_far_apart(monkeypatch):
    """Gaps are filled without looking at the whole stratum again."""
    sizes = []

    def traits(inputs, answers):
        sizes.append(len(inputs))
        return found(inputs, answers)

    found = module.traits
    inputs = [f"order {i * 7919 % 100_000} of {WORDS[i % 7]} {'very ' * (i % 9)}late" for i in range(4000)]
    given = (inputs, inputs, [1.0] * 4000)
    whole = spread(*given, count=200, weight=1.0)
    monkeypatch.setattr(module, "traits", traits)
    taken = sorted(whole[:190])
    more = spread(*given, count=10, weight=1.0, taken=taken)
    assert len(set(more) - set(taken)) == 10
    assert sum(sizes) <= 2 * module.TABLE
    far = [apart([inputs[i] for i in [*taken, *rows]], ["a"] * 200)[-10:].mean() for rows in (more, whole[190:])]
    assert far[0] > 0.9 * far[1]


def test_of_rows_that_add_as_much_the_better_one_is_picked():
    inputs = ["where is my kettle", "where is my kettle", "I want my money back!!!", "I want my money back!!!"]
    assert sorted(spread(inputs, ["{}"] * 4, [0.5, 1.0, 1.0, 0.5], count=2, weight=0.5)) == [1, 2]


def test_a_row_like_one_that_is_taken_waits():
    inputs = ["where is my kettle", "where is my kettle?", "Bitte kündigen Sie meinen Vertrag zum Monatsende"]
    assert spread(inputs, ["{}"] * 3, [1.0] * 3, count=1, weight=1.0, taken=[0]) == [2]
