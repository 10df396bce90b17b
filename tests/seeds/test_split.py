import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.records import Json, Seed
from distill.seeds.load import table
from distill.seeds.split import Draw, names_repeat, repeat_detail, split, without_repeats
from distill.similarity.pairs import jaccard, shingles

NEAR = 0.7
PIECES = ["my parcel is late again ", "where is my kettle ", "refund it please ", "it broke ", "thanks ", "?"]
SEEDS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join),
        st.sampled_from("ab"),
        st.booleans(),
    ),
    max_size=25,
)


def seeds(rows, source="s.jsonl"):
    made = [
        Seed({"message": text}, {"intent": intent}, {"intent": intent} if gold else None, line, source)
        for line, (text, intent, gold) in enumerate(rows, 1)
    ]
    return table(made, by=["intent"])


def like(a, b):
    return jaccard(shingles(a), shingles(b))


@settings(deadline=None, max_examples=30)
@given(SEEDS, st.sampled_from([0.0, 0.2, 0.5]), st.randoms(use_true_random=False))
def test_nothing_vanishes_nothing_straddles_and_order_is_nothing(rows, share, random):
    frame = seeds(rows)
    out = split(frame, Draw(share=share), near=NEAR)
    assert out.kept.height + out.dropped.height == frame.height == out.report["in"]
    assert out.rejected.height == out.dropped.height
    held = out.kept.to_dicts()
    tests, trains = ([row for row in held if row["role"] == role] for role in ("test", "train"))
    assert all(like(a["input"], b["input"]) < NEAR for a in tests for b in tests if a is not b)
    assert all(like(a["input"], b["input"]) < NEAR for a in tests for b in trains)
    assert all(row["gold"] for row in tests) or not any(row["gold"] for row in trains)
    assert len(tests) == out.report["test"]["got"] <= out.report["test"]["asked"]
    shuffled = list(range(frame.height))
    random.shuffle(shuffled)
    assert split(frame[shuffled], Draw(share=share), near=NEAR).kept.equals(out.kept)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["late again", "Late  again"]), st.sampled_from("ab"), st.booleans()),
        min_size=2,
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_which_of_repeated_texts_stays_does_not_hang_on_their_lines(rows, random):
    """The file in another order gives the same row, whatever labels and answers the repeats have."""

    def stays(given):
        (row,) = without_repeats(seeds(given)).kept.drop("line").to_dicts()
        return row

    shuffled = list(rows)
    random.shuffle(shuffled)
    assert stays(rows) == stays(shuffled)
    assert (stays(rows)["gold"] is not None) == any(gold for _, _, gold in rows)


def test_of_repeated_texts_the_one_with_a_known_answer_stays():
    frame = seeds([("Late AGAIN", "a", False), ("late  again", "b", True), ("late again", "a", True)])
    out = split(frame, Draw())
    kept = out.kept.row(0, named=True)
    known = [row["seed_id"] for row in frame.iter_rows(named=True) if row["gold"]]
    assert (out.kept.height, kept["seed_id"], kept["role"]) == (1, min(known), "train")
    assert out.dropped["reason"].to_list() == ["repeated", "repeated"]
    same = f"same text as {kept['seed_id']} (s.jsonl:{kept['line']})"
    said = sorted(detail.partition(": ")[2] for detail in out.dropped["detail"])
    assert said == [same, f"{same}, which has another known answer"]


def test_test_rows_are_spread_over_the_strata_in_proportion():
    distinct = [("".join(chr(97 + (i * k) % 26) for k in range(1, 30)), "ab"[i % 5 == 0], True) for i in range(26)]
    out = split(seeds(distinct), Draw(rows=10), near=1.0)
    assert out.report["test"] == {"asked": 10, "got": 10, "strata": {"a": 8, "b": 2}}


def test_a_near_copy_of_a_test_row_is_dropped_with_what_it_is_near():
    base = "my parcel is late and I would like to know where on earth it is"
    out = split(seeds([(base, "a", True), (base + "!", "a", False)]), Draw(rows=1))
    assert out.kept["role"].to_list() == ["test"]
    gone = out.dropped.row(0, named=True)
    assert (gone["stage"], gone["reason"]) == ("seeds", "near_test_row")
    assert gone["detail"] == f"test row {out.kept['seed_id'][0]}: similarity 0.98"


def test_pinned_rows_are_the_test_and_what_is_near_them_does_not_train():
    base = "my parcel is late and I would like to know where on earth it is"
    frame = seeds([(base + "?", "a", True), ("a lamp that works, thanks", "b", True)])
    pinned = seeds([(base, "a", True), (base.upper(), "a", True)], source="test.jsonl")
    out = split(frame, Draw(share=0.5), pinned=pinned)
    assert sorted(out.kept.select("source", "role").rows()) == [("s.jsonl", "train"), ("test.jsonl", "test")]
    assert sorted(out.dropped["reason"]) == ["near_test_row", "repeated"]
    assert out.report["in"] == 4


def test_a_later_seed_changes_few_test_rows():
    texts = [("".join(chr(97 + (i * k + k * k) % 26) for k in range(1, 40)), "a", True) for i in range(1, 26)]
    before, after = (
        set(split(seeds(rows), Draw(rows=8), near=1.0).kept.filter(pl.col("role") == "test")["seed_id"])
        for rows in (texts[:-1], texts)
    )
    assert len(before & after) >= 7


def chain(length):
    """Texts of 40 words, each six words further than the one before: neighbours 0.73 alike, the tenth from each not at all."""
    chance = random.Random(7)
    words = ["".join(chance.choices("abcdefghijklmnop", k=6)) for _ in range(6 * length + 40)]
    return [" ".join(words[6 * i : 6 * i + 40]) for i in range(length)]


@pytest.mark.slow
def test_a_test_row_out_of_a_long_chain_costs_only_the_rows_near_it():
    """Ten thousand rows in one chain of near copies: a cluster by chains would leave nothing to train on."""
    texts = chain(10_000)
    assert like(texts[0], texts[1]) > NEAR > like(texts[0], texts[2])
    assert like(texts[0], texts[10]) < 0.1
    out = split(seeds([(text, "a", True) for text in texts]), Draw(rows=100), near=NEAR)
    tests = out.kept.filter(pl.col("role") == "test")
    assert tests.height == 100
    assert out.dropped.height <= 2 * tests.height
    place = {text: number for number, text in enumerate(texts)}
    held = {place[text] for text in tests["input"]}
    left = {place[text] for text in out.kept.filter(pl.col("role") == "train")["input"]}
    assert not left & {near for t in held for near in (t - 1, t + 1)}
    assert max(out.kept.group_by("cluster").len()["len"]) <= 3


def test_where_known_answers_are_too_few_for_the_test_other_rows_fill_it():
    """8 of 160 rows have a known answer and 50 are asked: all 8 are drawn, and 42 more."""
    rows = [
        Seed({"message": f"{i * 7919} rivers and {i * 104729} lamps"}, gold=None if i % 20 else {"a": 1})
        for i in range(160)
    ]
    found = split(table(rows), Draw(rows=50))
    tests = found.kept.filter(role="test")
    assert (tests.height, tests["gold"].null_count()) == (50, 42)
    assert found.report["test"]["got"] == 50
    enough = split(table(rows), Draw(rows=6)).kept.filter(role="test")
    assert (enough.height, enough["gold"].null_count()) == (6, 0)


def test_where_known_answers_train_test_rows_are_drawn_from_the_others():
    """Half have an answer: with `gold` off none of them is drawn, and of rows that all have one none is."""
    rows = [
        Seed({"message": f"{i * 7919} rivers and {i * 104729} lamps"}, gold={"a": 1} if i % 2 else None)
        for i in range(40)
    ]
    kept = split(table(rows), Draw(rows=10, gold=False)).kept
    assert kept.filter(role="test").height == 10
    assert kept.filter(role="test")["gold"].null_count() == 10
    assert split(table(rows[1::2]), Draw(rows=10, gold=False)).report["test"] == {"asked": 10, "got": 0, "strata": {}}


def test_a_limit_for_leaks_alone_takes_rows_that_are_not_quite_near_a_test_row():
    """One typing error in a short text: similarity 0.8."""
    text = "please send the invoice for order 0 kettle again"
    rows = seeds([(text, "a", True), ("my lamp flickers in the evening", "a", True)])
    pins = seeds([(text.replace("invoice", "invioce"), "a", True)])
    assert 0.75 < like(text, pins["input"][0]) < 0.85
    assert split(rows, Draw(), pinned=pins, near=0.85).dropped.height == 0
    strict = split(rows, Draw(), pinned=pins, near=0.85, leak=0.75)
    assert strict.dropped["reason"].to_list() == ["near_test_row"]
    assert strict.kept["cluster"].n_unique() == strict.kept.height


GROUPED = st.lists(
    st.tuples(st.text("abcdefgh ", min_size=6, max_size=12), st.sampled_from("ab"), st.sampled_from(["t1", "t2", "t3", "t4", ""])),
    max_size=25,
)  # fmt: skip


def grouped(rows, source="s.jsonl"):
    made = [
        Seed({"message": text}, {"intent": intent}, None, line, source, group)
        for line, (text, intent, group) in enumerate(rows, 1)
    ]
    return table(made, by=["intent"])


@settings(deadline=None, max_examples=30)
@given(GROUPED, st.sampled_from([0.2, 0.5]), st.randoms(use_true_random=False))
def test_a_group_stands_on_one_side(rows, share, random):
    """Each row that goes for it says so; rows without a group are bound to none."""
    frame = grouped(rows)
    out = split(frame, Draw(share=share), near=NEAR)
    sides = {(row["group"], row["role"]) for row in out.kept.to_dicts() if row["group"]}
    assert len(sides) == len({group for group, _ in sides})
    held_out = {group for group, role in sides if role == "test"}
    gone = out.dropped.filter(reason="group_of_test_row")["detail"]
    assert {detail.split("'")[1] for detail in gone} <= held_out
    assert out.kept.height + out.dropped.height == frame.height
    shuffled = list(range(frame.height))
    random.shuffle(shuffled)
    assert split(frame[shuffled], Draw(share=share), near=NEAR).kept.equals(out.kept)


def test_whole_groups_are_drawn_before_another_is_begun():
    """Ten tickets of five rows, ten test rows: two tickets, and not one row of each, which would cost forty."""
    words = ["lamp", "kettle", "chair", "invoice", "parcel"]
    frame = grouped(
        [(f"{word} of order {n * 7919} is {n}{word[::-1]}", "a", f"t{n}") for n in range(10) for word in words]
    )
    out = split(frame, Draw(rows=10), near=0.95)
    assert out.kept.filter(role="test").height == 10
    assert out.kept.filter(role="test")["group"].n_unique() == 2
    assert out.dropped.height == 0


def test_the_group_of_a_row_of_a_test_file_trains_no_more():
    own, more = (
        grouped([("where is my parcel", "a", "t1")], "test.jsonl"),
        grouped([("call me back", "a", "t1"), ("hello there", "a", "t2")]),
    )
    out = split(more, Draw(), pinned=own, near=NEAR)
    assert dict(out.kept.select("group", "role").iter_rows()) == {"t1": "test", "t2": "train"}
    (detail,) = out.dropped["detail"]
    assert detail == f"'t1' is the group of test row {own['seed_id'][0]}"


KEPT: dict[str, Json] = {"seed_id": "4f0c", "source": "a.jsonl", "line": 3, "own_id": "x", "gold": "yes"}
ROW: dict[str, Json] = {"seed_id": "4f0c", "source": "b c.jsonl", "line": 9, "own_id": "1007 (b)", "gold": "no"}


def test_a_repeat_names_both_rows() -> None:
    same = "b c.jsonl:9 (id 1007 (b)): same text as 4f0c (a.jsonl:3)"
    assert repeat_detail(ROW, KEPT) == f"{same}, which has another known answer"
    assert repeat_detail(ROW | {"gold": None}, KEPT) == same
    assert repeat_detail(ROW | {"gold": None, "own_id": None}, KEPT).startswith("b c.jsonl:9: same")


@pytest.mark.parametrize(
    ("given", "named"),
    [("1007 (b)", True), ("9", True), ("b c.jsonl:9", True), ("1007", False), ("x", False), ("3", False), ("a.jsonl:3", False)],
)  # fmt: skip
def test_a_repeat_is_found_by_id_or_line(given: str, named: bool) -> None:
    """By its own only, and not by those of the row that stayed."""
    assert names_repeat(repeat_detail(ROW, KEPT), given) is named


def test_calibration_rows_stand_apart_from_test_and_training() -> None:
    """Neither the test rows nor what is dropped beside them change, and nothing near a row for calibration trains."""
    rows = [
        (f"{n * 7919} {['parcel', 'refund', 'kettle', 'late'][n % 4]} {n * 104729 % 9973}", "ab"[n % 2], True)
        for n in range(120)
    ]
    rows += [(text + " !", kind, gold) for text, kind, gold in rows[::3]]
    plain = split(seeds(rows), Draw(rows=20), near=NEAR)
    found = split(seeds(rows), Draw(rows=20, calibration=30), near=NEAR)
    by_role = {role: found.kept.filter(role=role) for role in ("train", "test", "calibration")}
    assert by_role["test"]["seed_id"].to_list() == plain.kept.filter(role="test")["seed_id"].to_list()
    assert by_role["calibration"].height == found.report["calibration"]["got"] == 30
    assert by_role["calibration"]["stratum"].value_counts()["count"].to_list() == [15, 15]
    for apart in by_role["calibration"]["input"]:
        assert all(like(apart, other) < NEAR for other in [*by_role["train"]["input"], *by_role["test"]["input"]])
    assert found.kept.height + found.dropped["row"].n_unique() == len(rows)
    assert set(found.dropped["reason"]) <= {"repeated", "near_test_row", "near_calibration_row"}
    assert "calibration" not in plain.report


def test_no_row_for_calibration_is_of_the_group_of_a_training_row() -> None:
    made = [
        Seed(
            {"message": f"{n * 7919} {n * 104729 % 9973}"},
            {"intent": "a"},
            {"intent": "a"},
            n + 1,
            "s.jsonl",
            group=f"g{n // 4}",
        )
        for n in range(80)
    ]
    kept = split(table(made, by=["intent"]), Draw(rows=8, calibration=8), near=NEAR).kept
    groups = {role: set(kept.filter(role=role)["group"]) for role in ("train", "test", "calibration")}
    assert not groups["calibration"] & (groups["train"] | groups["test"])


@pytest.mark.parametrize(("known", "others"), [(40, False), (35, False), (30, True), (0, True)])
def test_where_known_answers_train_some_are_set_apart_for_calibration_only_if_too_few_others_are_left(
    known: int, others: bool
) -> None:
    """As with a test file of one's own; the rows that train keep their answers."""
    rows = [
        Seed({"message": f"{i * 7919} rivers and {i * 104729} lamps"}, gold={"a": 1} if i < known else None)
        for i in range(40)
    ]
    pinned = table([Seed({"message": "a row of the test file"}, gold={"a": 1})])
    kept = split(table(rows), Draw(gold=False, calibration=10), pinned=pinned).kept
    apart = kept.filter(role="calibration")
    assert (apart.height, apart["gold"].null_count() == 10) == (10, others)
    assert kept.filter(role="train").height == 30
