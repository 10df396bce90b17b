from distill.curate.dedup.duplicates import duplicates

LONG = "my parcel is late and I would like to know where on earth it is"


def test_the_best_of_near_inputs_stays_and_the_detail_names_it(frame):
    rows = frame({"input": LONG, "score": 0.5}, {"input": LONG + "!", "score": 0.9, "answer": "{}"}, {"input": "?"})
    out = duplicates(rows, near=0.85)
    assert out.kept["seed_id"].to_list() == ["s01", "s02"]
    assert out.dropped.select("row", "stage", "reason", "detail").row(0) == (
        "s00",
        "dedup",
        "near_duplicate",
        "input near s01#0, which has another answer: similarity 0.98, limit 0.85",
    )


def test_the_same_input_and_answer_is_an_exact_duplicate_and_the_smaller_id_stays(frame):
    rows = frame({"input": LONG, "answer": "Yes"}, {"input": LONG.upper(), "answer": " yes "})
    out = duplicates(rows, near=1.0)
    assert out.dropped.select("row", "reason", "detail").rows() == [
        ("s01", "exact_duplicate", "same input and answer as s00#0")
    ]


def test_of_the_draws_of_one_seed_the_best_stays(frame):
    rows = [{"seed_id": "s", "draw": draw, "answer": str(draw), "score": [None, 0.2, 0.7][draw]} for draw in range(3)]
    out = duplicates(frame(*rows), near=0.85)
    assert out.kept["draw"].to_list() == [2]
    assert (
        out.dropped.select("reason", "detail").rows()
        == [("another_answer", "another answer to this row is kept: s#2")] * 2
    )


def test_rows_with_little_or_no_text_are_not_taken_for_each_other(frame):
    rows = frame(*({"input": text} for text in ["?", "!", "", "ok", "hi"]))
    assert duplicates(rows, near=0.5).kept.height == 5


def test_twins_that_contradict_each_other_are_conflicts_and_may_both_go(frame):
    """Same or nearly the same question, another label: named with both values; other fields may differ."""
    rows = frame(
        {"input": "where is my kettle", "answer": '{"intent": "delivery", "summary": "x"}'},
        {"input": "where is my kettle", "answer": '{"intent": "refund", "summary": "y"}'},
        {"input": "Where is my kettle?", "answer": '{"intent": "delivery", "summary": "z"}'},
        {"input": "the lamp is broken", "answer": "no JSON"},
        {"input": "the lamp is broken", "answer": "none either"},
    )
    kept = duplicates(rows, near=0.7, compare=["intent"])
    assert kept.kept["seed_id"].to_list() == ["s00", "s03"]
    assert kept.dropped.select("row", "reason").rows() == [
        ("s01", "conflict"),
        ("s02", "near_duplicate"),
        ("s04", "near_duplicate"),
    ]
    assert 'intent is "refund" here and "delivery" there' in kept.dropped["detail"][0]
    none = duplicates(rows, near=0.7, compare=["intent"], on_conflict="abstain")
    assert none.kept["seed_id"].to_list() == ["s03"]
    assert none.dropped.filter(row="s00")["reason"].to_list() == ["conflict"]
    assert duplicates(none.kept, near=0.7, compare=["intent"], on_conflict="abstain").dropped.height == 0
