import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.strata.apportion import apportion, largest_remainder, within

CELLS = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.tuples(st.integers(0, 40), st.integers(0, 40)))
WEIGHTS = st.sampled_from([0.0, 0.3, 0.5, 1.0])


def parts(cells):
    return {name: held for name, (held, _) in cells.items()}, {name: room for name, (_, room) in cells.items()}


@given(CELLS, st.integers(0, 300), WEIGHTS)
def test_all_of_the_amount_is_given_as_far_as_there_is_room(cells, amount, power):
    held, room = parts(cells)
    weights = {name: float(1 + space) ** power for name, space in room.items()}
    after = apportion(amount, held=held, room=room, weights=weights)
    assert after.keys() == {name for name, space in room.items() if space > 0}
    assert all(held[name] <= rows <= held[name] + room[name] for name, rows in after.items())
    assert sum(after[name] - held[name] for name in after) == min(amount, sum(room.values()))


@given(CELLS, st.integers(0, 300))
def test_equal_weights_raise_the_lowest_one_by_one(cells, amount):
    """What a loop does that gives each row to the lowest stratum with room, of equal ones to the first by name."""
    held, room = parts(cells)
    slow = dict(held)
    for _ in range(amount):
        lowest = min(
            (name for name in slow if slow[name] < held[name] + room[name]), key=lambda n: (slow[n], n), default=None
        )
        if lowest is None:
            break
        slow[lowest] += 1
    assert held | apportion(amount, held=held, room=room, weights=dict.fromkeys(held, 1.0)) == slow


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(1, 999), min_size=1), st.floats(0, 1))
def test_weights_like_the_sizes_give_each_its_share_within_one_row(sizes, part):
    total = sum(sizes.values())
    amount = int(total * part)
    after = apportion(amount, held=dict.fromkeys(sizes, 0), room=sizes, weights=dict(sizes))
    assert all(abs(rows - amount * sizes[name] / total) < 1 for name, rows in after.items())


def test_a_million_rows_over_a_thousand_strata_are_given_out_by_sorting_the_strata():
    room = {f"s{i:04}": 500 + i * 7 % 4000 for i in range(1000)}
    after = apportion(1_000_000, held=dict.fromkeys(room, 0), room=room, weights=dict.fromkeys(room, 1.0))
    assert sum(after.values()) == 1_000_000
    open_levels = {rows for name, rows in after.items() if rows < room[name]}
    assert max(open_levels) - min(open_levels) <= 1


@given(CELLS, st.integers(0, 300), st.integers(0, 60), WEIGHTS)
def test_a_group_gets_no_more_than_it_may_and_leaves_the_rest_to_the_others(cells, amount, most, power):
    held, room = parts(cells)
    weights = {name: float(1 + space) ** power for name, space in room.items()}
    group = [name for name in cells if name.startswith("a")]
    after = held | within(amount, held=held, room=room, weights=weights, groups=[(group, most)])
    assert sum(after[name] - held[name] for name in group) <= most
    inside = sum(room[name] for name in group)
    assert sum(after.values()) - sum(held.values()) == min(amount, sum(room.values()) - inside + min(inside, most))


@given(st.integers(0, 500), st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_rounded_shares_of_the_whole_add_up_to_it(total, numbers):
    given = largest_remainder(total, [number / sum(numbers) for number in numbers])
    assert sum(given) == total
    assert all(abs(rows - total * number / sum(numbers)) < 1 for rows, number in zip(given, numbers, strict=True))


@pytest.mark.parametrize(
    ("room", "amount", "rows"),
    [
        ({"a": 9, "b": 9, "c": 9}, 4, {"a": 2, "b": 1, "c": 1}),
        ({"a": 1, "b": 9, "c": 9}, 6, {"a": 1, "b": 3, "c": 2}),
        ({"a": 1, "b": 1, "c": 0}, 6, {"a": 1, "b": 1}),
        ({"a": 1, "b": 1, "c": 1}, -1, {"a": 0, "b": 0, "c": 0}),
    ],
)
def test_rows_go_by_weight_then_by_remainder(room, amount, rows):
    assert apportion(amount, held=dict.fromkeys(room, 0), room=room, weights={"a": 5, "b": 3, "c": 2}) == rows
