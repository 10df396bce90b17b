import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.curate.dedup.conflicts import decisions, rows_to_decide, settle, vote
from distill.curate.dedup.duplicates import conflicts, duplicates
from distill.errors import SpecError
from distill.records import GOLD
from distill.values import rules as value_rules

INPUTS = [
    "where is my kettle",
    "where is my kettle?",
    "Where is my KETTLE!",
    "the lamp is broken",
    "the lamp is broken.",
]
KETTLE = [
    {"input": "where is my kettle", "answer": '{"intent": "delivery", "urgency": "low"}'},
    {"input": "where is my kettle?", "answer": '{"intent": "refund", "urgency": "low"}'},
    {"input": "Where is my kettle", "answer": '{"intent": "delivery", "urgency": "low", "summary": "x"}'},
    {"input": "where is my kettle!", "answer": '{"intent": "repair", "urgency": "low"}'},
    {"input": "the lamp is broken", "answer": '{"intent": "repair", "urgency": "low"}'},
]


def test_conflicts_are_listed_with_what_differs(frame):
    (found,) = conflicts(frame(*KETTLE), near=0.7, compare=["intent", "urgency"])
    assert dict(found.rows) == {
        "s00": {"intent": "delivery", "urgency": "low"},
        "s01": {"intent": "refund", "urgency": "low"},
        "s03": {"intent": "repair", "urgency": "low"},
    }
    assert found.fields == ["intent"]
    assert conflicts(frame(*KETTLE), near=0.7, compare=["urgency"]) == []


def test_plain_answers_that_differ_are_in_conflict_and_free_texts_never_are(frame):
    """`answer` among the fields is an answer that is a plain value."""
    plain = [
        ("where is my kettle", "delivery"),
        ("where is my kettle?", "refund"),
        ("Where is my kettle!", "Delivery."),
    ]
    rows = frame(*({"input": text, "answer": word} for text, word in plain))
    (found,) = conflicts(rows, near=0.7, compare=["answer"])
    assert dict(found.rows) == {"s00": {"answer": "delivery"}, "s01": {"answer": "refund"}}
    dropped = duplicates(rows, near=0.7, compare=["answer"]).dropped.select("row", "reason", "detail").rows()
    assert [(row, reason) for row, reason, _ in dropped] == [("s01", "conflict"), ("s02", "near_duplicate")]
    assert 'it is "refund" here and "delivery" there' in dropped[0][2]
    texts = [
        ("where is my kettle", "It is on its way to you."),
        ("where is my kettle?", "We have sent it off this morning."),
    ]
    assert conflicts(frame(*({"input": a, "answer": b} for a, b in texts)), near=0.7, compare=["answer"]) == []


@pytest.mark.parametrize(
    ("one", "other"), [('["a", "b"]', '["b", "a"]'), ("12.50", "12.5"), ('"2026-11-29"', '"29.11.2026"')]
)
def test_the_same_value_in_another_spelling_is_no_conflict(frame, one, other):
    said = [f'{{"f": {value}}}' for value in (one, other)]
    rows = frame(*({"input": text, "answer": answer} for text, answer in zip(INPUTS, said, strict=False)))
    rules = value_rules.of({"properties": {"f": {"format": "date"}}}) if "2026" in one else value_rules.of(None)
    assert conflicts(rows, near=0.7, compare=["f"], rules=rules) == []
    assert "conflict" not in duplicates(rows, near=0.7, compare=["f"], rules=rules).dropped["reason"].to_list()


def test_plain_answers_vote_by_their_value(frame):
    rows = frame(*({"seed_id": "s", "draw": n, "answer": one} for n, one in enumerate(["12", "12.0", "13", "12.00"])))
    out = vote(rows, rows=["s"], compare=["answer"])
    assert out.kept["draw"].to_list() == [0]
    assert out.dropped["reason"].to_list() == ["another_answer", "outvoted", "another_answer"]


@settings(deadline=None, max_examples=15)
@given(
    st.lists(st.tuples(st.sampled_from(INPUTS), st.sampled_from("abc")), max_size=10), st.randoms(use_true_random=False)
)
def test_the_rows_of_the_conflicts_are_those_that_are_dropped_for_them_in_any_order(frame, made, chance):
    rows = frame(*({"input": text, "answer": f'{{"intent": "{word}"}}'} for text, word in made))
    found = conflicts(rows, near=0.7, compare=["intent"])
    listed = [seed for one in found for seed in one.rows]
    assert len(listed) == len(set(listed))
    dropped = duplicates(rows, near=0.7, compare=["intent"], on_conflict="abstain").dropped
    assert sorted(listed) == sorted(dropped.filter(reason="conflict")["row"])
    mixed = chance.sample(range(rows.height), rows.height)
    assert conflicts(rows[mixed], near=0.7, compare=["intent"]) == found


@pytest.mark.parametrize(("on_conflict", "reason"), [("abstain", "conflict"), ("person", "for_a_person")])
def test_all_rows_of_a_conflict_go_under_its_reason(frame, on_conflict, reason):
    rows = frame(*KETTLE)
    out = duplicates(rows, near=0.7, compare=["intent"], on_conflict=on_conflict)
    listed = {seed for one in conflicts(rows, near=0.7, compare=["intent"]) for seed in one.rows}
    assert set(out.dropped.filter(reason=reason)["row"]) == listed == {"s00", "s01", "s03"}
    assert out.kept["seed_id"].to_list() == ["s04"]


@given(st.dictionaries(st.sampled_from("rst"), st.lists(st.sampled_from("abc"), max_size=7)))
def test_only_more_than_half_settles(answers):
    for row, said in settle(answers).items():
        counts = [answers[row].count(word) for word in "abc"]
        assert (said is None) == (2 * max(counts) <= len(answers[row]))
        assert said is None or 2 * answers[row].count(said) > len(answers[row])


@settings(deadline=None, max_examples=15)
@given(
    st.lists(
        st.tuples(st.sampled_from("rstu"), st.sampled_from("abc"), st.sampled_from([None, 0.5, 1.0])), max_size=14
    ),
    st.randoms(use_true_random=False),
)
def test_a_vote_leaves_one_answer_where_more_than_half_agree_and_touches_no_other_row(frame, cast, chance):
    made = [
        {"seed_id": seed, "draw": n, "answer": f'{{"intent": "{word}"}}', "score": score}
        for n, (seed, word, score) in enumerate(cast)
    ]
    rows = frame(*made)
    out = vote(rows, rows=["r", "s", "t"], compare=["intent"])
    assert out.kept.filter(seed_id="u").equals(rows.filter(seed_id="u").sort("draw"))
    for seed in "rst":
        said = [word for one, word, _ in cast if one == seed]
        kept = out.kept.filter(seed_id=seed)
        most = [word for word in "abc" if 2 * said.count(word) > len(said)]
        assert kept["answer"].to_list() == [f'{{"intent": "{word}"}}' for word in most]
        best = [score or 0.0 for one, word, score in cast if one == seed and [word] == most]
        assert not most or (kept["score"][0] or 0.0) == max(best)
        assert set(out.dropped.filter(row=seed, reason="conflict")["row"]) == (set() if most or not said else {seed})
    again = vote(out.kept, rows=["r", "s", "t"], compare=["intent"])
    assert again.kept.equals(out.kept)
    mixed = vote(rows[chance.sample(range(rows.height), rows.height)], rows=["t", "s", "r"], compare=["intent"])
    assert mixed.kept.equals(out.kept)
    assert mixed.dropped.equals(out.dropped)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.sampled_from(INPUTS), st.sampled_from("abc"), st.sampled_from([0, 0, GOLD])), max_size=10))
def test_what_contradicts_an_approved_row_is_nobodys_to_decide(frame, made):
    rows = frame(*({"input": text, "answer": f'{{"intent": "{word}"}}', "teacher": who} for text, word, who in made))
    listed = [seed for one in conflicts(rows, near=0.7, compare=["intent"]) for seed in one.rows]
    out = duplicates(rows, near=0.7, compare=["intent"], on_conflict="person")
    assert sorted(listed) == sorted(out.dropped.filter(reason="for_a_person")["row"])
    against = out.dropped.filter(reason="conflict")
    assert against["detail"].str.contains("the gold answer of").all()
    assert set(against["row"]).isdisjoint(rows.filter(teacher=GOLD)["seed_id"])


def test_a_row_asked_again_keeps_the_best_answer_of_its_majority(frame):
    said = ["delivery", "refund", "delivery", "refund", "delivery"]
    rows = [{"seed_id": "s", "draw": n, "answer": json.dumps({"intent": word, "n": n})} for n, word in enumerate(said)]
    rows[4]["score"] = 0.9
    tied = [{"seed_id": "t", "draw": n, "answer": json.dumps({"intent": word})} for n, word in enumerate(said[:4])]
    out = vote(frame(*rows, *tied, {"seed_id": "u"}), rows=["s", "t"], compare=["intent"])
    assert out.kept.select("seed_id", "draw").rows() == [("s", 4), ("u", 0)]
    reasons = out.dropped.select("row", "reason").rows()
    assert reasons == [
        ("s", "another_answer"),
        ("s", "outvoted"),
        ("s", "another_answer"),
        ("s", "outvoted"),
        *[("t", "conflict")] * 4,
    ]
    assert out.dropped["detail"][1] == "2 of 5 answers say this"
    assert out.dropped["detail"][4] == 'no majority among 4 answers: 2 × ["delivery"], 2 × ["refund"]'


def test_what_a_person_decides_comes_back_by_row(frame):
    rows = frame(*KETTLE)
    written = rows_to_decide(conflicts(rows, near=0.7, compare=["intent"]), rows)
    assert written[1] == {
        "seed_id": "s01",
        "input": "where is my kettle?",
        "answer": '{"intent": "refund", "urgency": "low"}',
        "against": ["s00", "s03"],
        "fields": ["intent"],
        "right": None,
    }
    written[0]["right"] = {"urgency": "low", "intent": "delivery"}
    written[1]["right"] = '{"intent": "delivery"}'
    text = "".join(json.dumps(row) + "\n" for row in written)
    assert decisions(text, source="conflicts.jsonl") == {
        "s00": '{"intent":"delivery","urgency":"low"}',
        "s01": '{"intent": "delivery"}',
    }


def test_every_line_that_cannot_be_read_is_named_at_once():
    text = '{"seed_id": "a", "right": "x"}\n\n{"right": 1}\nno JSON\n{"seed_id": "a", "right": "y"}\n'
    with pytest.raises(SpecError) as caught:
        decisions(text, source="conflicts.jsonl")
    assert [fault.where for fault in caught.value.faults] == [f"conflicts.jsonl:{line}" for line in (3, 4, 5)]
    assert "is decided twice" in str(caught.value)
