"""Rows of evaluation sets, of any columns."""

import json

import pytest

from distill.seeds.held_out import read


@pytest.mark.parametrize(
    ("row", "said", "rest"),
    [
        ({"message": "where is it", "expected": {"intent": "delivery"}}, "where is it", "delivery"),
        ({"question": "where is my kettle", "answer": "here"}, "where is my kettle", "here"),
        ({"messages": [{"role": "user", "content": "where is my kettle"}], "n": 3}, "user\nwhere is my kettle", ""),
        ({"message": " ", "question": "where"}, "where", ""),
    ],
)
def test_the_input_is_what_the_prompt_takes_or_else_the_longest_text(tmp_path, row, said, rest):
    file = tmp_path / "exam.jsonl"
    file.write_text(json.dumps(row) + "\n")
    assert read([file], variables=["message"]) == [("exam.jsonl", "1", said, rest)]


def test_a_table_counts_its_rows_as_lines_and_no_file_is_no_row(tmp_path):
    (tmp_path / "exam.csv").write_text("message,label\nwhere is it,delivery\n")
    (found,) = read([tmp_path], variables=["message"])
    assert found[2:] == ("where is it", "delivery")
    assert read([], variables=["message"]) == []
