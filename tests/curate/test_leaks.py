from distill.curate.leaks import HeldOut, leaks

TESTS = [HeldOut("t1", "a lamp that flickers"), HeldOut("t2", "my parcel is late and I want to know where it is")]


def test_a_sample_near_a_test_row_goes_with_the_rows_name(frame):
    rows = frame({"input": "My parcel is LATE, and I want to know where it is"}, {"input": "a kettle"})
    out = leaks(rows, held_out=TESTS, near=0.85)
    assert out.kept["seed_id"].to_list() == ["s01"]
    assert out.dropped.select("stage", "reason", "detail").rows() == [
        ("leaks", "near_test_row", "test row t2: similarity 0.86, limit 0.85")
    ]


def test_without_test_rows_nothing_leaks(frame):
    assert leaks(frame({}, {}), held_out=[], near=0.85).kept.height == 2


FOX = "the quick brown fox jumps over the lazy dog while seven tired hens look on in silence"


def test_a_test_input_in_an_answer_and_a_known_answer_in_an_input_are_leaks(frame):
    held = [
        HeldOut("t1", FOX),
        HeldOut("t2", "why", FOX.replace("fox", "wolf")),
        HeldOut("7", "x", FOX.replace("fox", "cat"), "gsm.jsonl"),
    ]
    rows = frame(
        {"input": "tell me", "answer": f'{{"summary": "They say: {FOX.title()}."}}'},
        {"input": f"is it true that {FOX.replace('fox', 'wolf')}?"},
        {"input": "and what of the cats", "tool_calls": f'[["say", "{FOX.replace("fox", "cat")}"]]'},
        {"input": "nothing to do with it"},
    )
    out = leaks(rows, held_out=held, near=0.85)
    assert out.kept["seed_id"].to_list() == ["s03"]
    passage = " ".join(FOX.split()[:13])
    assert out.dropped.select("row", "reason", "detail").rows() == [
        ("s00", "shares_13_gram", f"test row t1: both have {passage!r}"),
        ("s01", "shares_13_gram", f"test row t2: both have {passage.replace('fox', 'wolf')!r}"),
        ("s02", "shares_13_gram", f"row 7 of gsm.jsonl: both have {passage.replace('fox', 'cat')!r}"),
    ]


def test_template_text_is_no_leak_and_the_report_counts_it(frame):
    rows = frame(*({"input": f"{number} {FOX}", "answer": str(number)} for number in range(12)))
    out = leaks(rows, held_out=[HeldOut("t1", f"quite another question. {FOX}")], near=1.0)
    assert out.kept.height == 12
    assert out.report["template_passages"] == 5
    assert leaks(out.kept[:3], held_out=[HeldOut("t1", FOX)], near=1.0).kept.height == 3


def test_a_validation_row_stays_and_what_repeats_it_goes(frame):
    held = [HeldOut("v", "my parcel is late again", FOX, set="valid")]
    out = leaks(
        frame({"input": "my parcel is late again!"}, {"answer": FOX}), held_out=held, near=0.85, stage="valid_leaks"
    )
    assert out.dropped.select("stage", "reason").rows() == [
        ("valid_leaks", "near_valid_row"),
        ("valid_leaks", "shares_13_gram"),
    ]
    assert out.dropped["detail"][0] == "valid row v: similarity 0.95, limit 0.85"
