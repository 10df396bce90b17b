"""What a dataset must be before anything is trained."""

import json

import pytest

from distill.curate.expect import TESTS, check


def kept(frame):
    prompts = [json.dumps([{"role": "system", "content": name}, {"role": "user", "content": "hi"}]) for name in "xy"]
    rows = [
        {"stratum": "a" if i < 8 else "b", "cluster": "c" if i < 3 else f"s{i}", "prompt": prompts[i == 9], "answer": "word " * i}
        for i in range(10)
    ]  # fmt: skip
    import polars as pl

    return frame(*rows).with_columns(fate=pl.Series(["valid"] + ["train"] * 9))


@pytest.mark.parametrize(
    ("test", "holds", "fails", "found"),
    [
        ("rows", 10, 11, "10 rows"),
        ("rows_per_stratum", 0, 1, "0 rows in c"),
        ("largest_cluster", 0.3, 0.29, "30.0% of the rows in cluster c"),
        ("max_tokens", 30, 20, "tokens in row s09"),
        ("same_system", False, True, "2 different system prompts"),
        ("valid", (0.1, 0.2), (0.2, 0.3), "10.0% of the rows"),
    ],
)
def test_each_says_what_it_found(frame, test, holds, fails, found):
    rows = kept(frame)
    yes, no = check(rows, ["a", "b", "c"], {test: holds})[0], check(rows, ["a", "b", "c"], {test: fails})[0]
    assert (yes["holds"], no["holds"]) == (True, False)
    assert found in no["found"]


def test_what_is_not_asked_is_not_tested_and_no_rows_are_no_fault_of_the_tests(frame):
    assert check(kept(frame), ["a"], dict.fromkeys(TESTS)) == []
    empty = kept(frame).clear()
    wanted = {
        "rows": 1,
        "rows_per_stratum": 1,
        "largest_cluster": 0.5,
        "max_tokens": 9,
        "same_system": True,
        "valid": (0.1, 0.2),
    }
    assert [one["holds"] for one in check(empty, ["a"], wanted)] == [False, False, True, True, True, False]
