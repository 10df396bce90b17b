"""What is taken for granted, and what is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from distill.errors import UsageError
from distill.starter.columns import ColumnFacts, ColumnKind
from distill.starter.proposal import Unclear, propose


def column(
    name: str, kind: ColumnKind = "text", *, distinct: int = 100, filled: int = 100, length: float = 50
) -> ColumnFacts:
    values = [f"v{n}" for n in range(distinct)] if kind == "label" else ()
    return ColumnFacts(name, kind, filled, distinct, length, values)


def test_the_only_text_and_the_only_label_are_taken() -> None:
    found = propose([column("id", "id"), column("words"), column("group", "label", distinct=4)], 100)
    assert (found.inputs, found.answer, found.kind, found.strata) == (("words",), "group", "label", ["group"])
    assert len(found.values) == 4


def test_names_decide_among_several() -> None:
    columns = [column("subject", length=20), column("message", length=90), column("reply", length=200)]
    found = propose([*columns, column("style", "label", distinct=3)], 100)
    assert (found.inputs, found.answer, found.kind) == (("subject", "message"), "reply", "text")


def test_two_labels_without_a_telling_name_are_one_question() -> None:
    columns = [column("message"), column("unit", "label", distinct=3), column("product", "label", distinct=3)]
    with pytest.raises(Unclear, match="known answer") as fault:
        propose(columns, 100)
    assert (fault.value.option, fault.value.choices) == ("--answer", ["unit", "product", "none"])
    assert propose(columns, 100, answer="none").answer is None
    assert propose(columns, 100, answer="product").answer == "product"


def test_two_texts_without_a_telling_name_are_one_question() -> None:
    with pytest.raises(Unclear, match="input") as fault:
        propose([column("left"), column("right")], 100)
    assert fault.value.choices == ["left", "right"]


def test_a_column_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"--answer categry: no such column.*category"):
        propose([column("message"), column("category", "label", distinct=3)], 100, answer="categry")


def test_strata_have_enough_rows_and_no_gaps() -> None:
    columns = [
        column("message"), column("answer"), column("lang", "label", distinct=4),
        column("gappy", "label", distinct=2, filled=90), column("many", "label", distinct=30), column("tone", "label", distinct=5),
    ]  # fmt: skip
    assert propose(columns, 100).strata == ["tone", "lang"]
    assert propose([replace(one, filled=60) for one in columns if one.name != "gappy"], 60).strata == ["tone"]


@pytest.mark.parametrize(
    ("columns", "inputs", "answer"),
    [
        ([column("Kunde", length=14), column("Text", length=120)], ("Text",), None),
        ([column("name", length=14), column("was", length=120)], ("was",), None),
        ([column("context", length=900), column("question"), column("answer", length=20)], ("context", "question"), "answer"),
        ([column("message"), column("site", "label", distinct=4), column("date", "date")], ("message",), None),
        ([column("message"), column("site", "label", distinct=4), column("price", "number")], ("message",), "price"),
        ([column("text", "label", distinct=30), column("label", "label", distinct=3)], ("text",), "label"),
        ([column("question"), column("answer", "id", length=8)], ("question",), "answer"),
        ([column("subject", length=20, filled=90), column("body")], ("body",), None),
    ],
)  # fmt: skip
def test_what_can_mean_only_one_thing_is_taken(
    columns: list[ColumnFacts], inputs: tuple[str, ...], answer: str | None
) -> None:
    found = propose(columns, 100)
    assert (found.inputs, found.answer) == (inputs, answer)


@pytest.mark.parametrize(
    ("inputs", "answer", "said"),
    [
        (("message",), "message", "both name message"),
        (("notes",), None, "notes: the column is empty"),
        (("mesage",), None, "did you mean 'message'"),
    ],
)
def test_columns_that_cannot_be_meant_are_refused(inputs: tuple[str, ...], answer: str | None, said: str) -> None:
    columns = [column("message"), column("notes", "empty", filled=0), column("team", "label", distinct=3)]
    with pytest.raises(UsageError, match=said):
        propose(columns, 100, inputs=inputs, answer=answer)


@pytest.mark.parametrize(
    ("columns", "own"),
    [
        ([column("message"), column("Nr.", "id"), column("customer_id", "id", distinct=20)], "Nr."),
        ([column("message"), column("ticket_id", "id"), column("Nr.", "id")], None),
        ([column("message"), column("Nr.", "id"), column("code", "id")], None),
    ],
)
def test_the_column_that_tells_rows_apart_is_named_where_it_is_not_found_by_itself(
    columns: list[ColumnFacts], own: str | None
) -> None:
    assert propose(columns, 100).own_id == own
