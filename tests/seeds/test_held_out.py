"""Rows of evaluation sets, of any columns."""

import json

import pytest

from distill.seeds.held_out import read_held_out


@pytest.mark.parametrize(
    ("row", "said", "rest", "sure"),
    [
        ({"message": "where is it", "expected": {"intent": "delivery"}}, "where is it", "delivery", True),
        ({"question": "where is my kettle", "answer": "here"}, "where is my kettle", "here", False),
        (
            {"messages": [{"role": "user", "content": "where is my kettle"}], "n": 3},
            "user\nwhere is my kettle",
            "",
            False,
        ),
        ({"message": " ", "question": "where"}, "where", "", False),
    ],
)
def test_the_input_is_what_the_prompt_takes_or_else_the_longest_text(tmp_path, row, said, rest, sure):
    file = tmp_path / "exam.jsonl"
    file.write_text(json.dumps(row) + "\n")
    assert read_held_out([file], variables=["message"]) == [("exam.jsonl", "1", said, rest, sure)]


def test_a_table_counts_its_rows_as_lines_and_no_file_is_no_row(tmp_path):
    (tmp_path / "exam.csv").write_text("message,label\nwhere is it,delivery\n")
    (found,) = read_held_out([tmp_path], variables=["message"])
    assert found[2:] == ("where is it", "delivery", True)
    assert read_held_out([], variables=["message"]) == []
