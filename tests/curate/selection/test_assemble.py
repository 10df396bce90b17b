"""Balance, split and the leak check after it, together."""

from hypothesis import given, settings
from hypothesis import strategies as st

from distill.curate.selection.assemble import select
from distill.curate.selection.balance import Wanted

WORDS = [f"w{chr(97 + n)}{chr(97 + m)}" for n in range(26) for m in range(26)]


def story(n: int) -> str:
    """Fourteen words that no other story has."""
    return " ".join(WORDS[n * 14 : n * 14 + 14])


def made(frame, pairs: int, spare: int):
    """Rows of which two each share a passage, and others that share none; scores let the pairs come first."""
    rows = [
        {"seed_id": f"p{n:02}{side}", "input": f"{story(n)} and {side * 3}", "answer": f"{side}{n}", "score": 1.0}
        for n in range(pairs)
        for side in "ab"
    ]
    rows += [
        {"seed_id": f"s{n:02}", "input": f"{story(pairs + n)} alone", "answer": f"s{n}", "score": 0.5}
        for n in range(spare)
    ]
    return frame(*rows)


def test_a_row_that_gives_a_validation_row_away_is_replaced_by_a_spare_one(frame):
    """Eight pairs, quota sixteen: without spare rows gaps stay, with them none does; nobody is lost on the way."""
    tight = made(frame, 8, 0)
    short = select(tight, Wanted(quotas={"a": 16}, by="score"), valid=0.25, near=0.95)
    gone = short.leaks.dropped.height
    assert 0 < gone <= 4
    assert short.kept.height == 16 - gone
    wide = made(frame, 8, 12)
    full = select(wide, Wanted(quotas={"a": 16}, by="score"), valid=0.25, near=0.95)
    assert full.leaks.dropped.height > 0
    assert full.kept.height == 16
    assert set(full.kept["fate"]) == {"train", "valid"}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 8), st.integers(0, 8), st.integers(1, 20), st.sampled_from([0.1, 0.3, 0.5]), st.randoms())
def test_every_row_is_kept_or_dropped_once_in_any_order_and_doing_it_twice_is_doing_it_once(
    frame, pairs, spare, quota, valid, chance
):
    rows = made(frame, pairs, spare)
    found = select(rows, Wanted(quotas={"a": quota}), valid=valid, near=0.95)
    steps = (found.leaks, found.balance)
    assert found.kept.height + sum(step.dropped.height for step in steps) == rows.height
    ids = [*found.kept["seed_id"], *(seed for step in steps for seed in step.rejected["seed_id"])]
    assert sorted(ids) == sorted(rows["seed_id"])
    assert found.leaks.report["kept"] == found.balance.report["in"]
    assert found.balance.report["kept"] == found.kept.height
    order = list(range(rows.height))
    chance.shuffle(order)
    again = select(rows[order], Wanted(quotas={"a": quota}), valid=valid, near=0.95)
    assert again.kept.equals(found.kept)
    twice = select(found.kept, Wanted(quotas={"a": quota}), valid=valid, near=0.95)
    assert twice.leaks.dropped.height == twice.balance.dropped.height == 0
    assert twice.kept.select(found.kept.columns).equals(found.kept)
