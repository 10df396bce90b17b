from distill.curate.leaks import leaks

TESTS = [("t1", "a lamp that flickers"), ("t2", "my parcel is late and I want to know where it is")]


def test_a_sample_near_a_test_row_goes_with_the_rows_name(frame):
    rows = frame({"input": "My parcel is LATE, and I want to know where it is"}, {"input": "a kettle"})
    out = leaks(rows, test_inputs=TESTS, near=0.85)
    assert out.kept["seed_id"].to_list() == ["s01"]
    assert out.dropped.select("stage", "reason", "detail").rows() == [
        ("leaks", "near_test_row", "test row t2: similarity 0.86, limit 0.85")
    ]


def test_without_test_rows_nothing_leaks(frame):
    assert leaks(frame({}, {}), test_inputs=[], near=0.85).kept.height == 2
