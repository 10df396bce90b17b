"""Answers one under the other, each with its seconds."""

from __future__ import annotations

from distill.cli.chat_lines import ChatQuestion
from distill.cli.text.serve.chat import reply_json, reply_lines
from distill.views.student_chat import HeldOutRow, Reply

REPLIES = {"student": Reply('{"mood":"glad"}', 0.41, usd=0.00042), "base": Reply("", 2.0, "a bad gateway")}


def test_answers_stand_one_under_the_other() -> None:
    assert reply_lines(ChatQuestion({"message": "hi"}), REPLIES) == [
        'student  {"mood":"glad"}   (0.41 s, $0.00042)',
        "base     no answer: a bad gateway   (2.00 s)",
    ]


def test_a_test_row_stands_above_and_its_known_answer_below() -> None:
    row = HeldOutRow("abc", {"message": "two\nlines"}, None)
    lines = reply_lines(ChatQuestion(row.fields, row), {"student": Reply("a\nb", 0.1)})
    assert lines == [
        "message  two",
        "         lines",
        "student  a   (0.10 s)",
        "         b",
        "known    no known answer",
    ]
    assert reply_json(ChatQuestion(row.fields, row), REPLIES) == {
        "fields": {"message": "two\nlines"},
        "row": "abc",
        "known": None,
        "answers": {
            "student": {"text": '{"mood":"glad"}', "seconds": 0.41, "error": None, "usd": 0.00042},
            "base": {"text": "", "seconds": 2.0, "error": "a bad gateway", "usd": None},
        },
    }
