"""The language of an answer."""

import pytest

from distill.curate.gates.language import detected_language, language

ENGLISH = "Where is the kettle that I ordered last week? It has not arrived yet."
GERMAN = "Der Wasserkocher ist unterwegs und kommt am Donnerstag bei Ihnen an."
CHINESE = "您的水壶已经发货，预计星期四送达，请耐心等待。"


@pytest.mark.parametrize(
    ("text", "spoken"),
    [(ENGLISH, "en"), (GERMAN, "de"), (CHINESE, "zh"), ("ok", None), ("12345 " * 20, None), ("", None)],
)
def test_a_long_text_has_a_language_and_a_short_one_none(text, spoken):
    assert detected_language(text) == spoken


def test_an_answer_is_in_the_language_of_its_input(frame):
    rows = frame(
        {"input": ENGLISH, "answer": GERMAN}, {"input": GERMAN, "answer": GERMAN}, {"input": ENGLISH, "answer": "ok"},
        {"input": "hi", "answer": GERMAN}, {"input": ENGLISH, "answer": '{"summary": "' + GERMAN + '"}'},
    )  # fmt: skip
    out = language(rows)
    assert out.dropped.select("row", "detail").rows() == [
        ("s00", "in 'de', the input is in 'en'"),
        ("s04", "in 'de', the input is in 'en'"),
    ]


def test_a_short_input_counts_where_its_language_is_beyond_doubt(frame):
    """From 20 letters on; below, and in Han alone, nothing is compared."""
    rows = frame(
        {"input": "where is my new credit card", "answer": GERMAN}, {"input": "where is it", "answer": GERMAN},
        {"input": "Wo ist meine neue Kreditkarte", "answer": GERMAN}, {"input": "注文番号変更", "answer": GERMAN},
        {"input": "x86_64 -march=native -O3 a.out", "answer": ENGLISH},
    )  # fmt: skip
    assert language(rows).dropped["row"].to_list() == ["s00"]


def test_or_in_the_one_that_is_asked_for(frame):
    out = language(frame({"input": ENGLISH, "answer": GERMAN}, {"answer": ENGLISH}), is_="de")
    assert out.dropped["detail"].to_list() == ["in 'en', expected 'de'"]
