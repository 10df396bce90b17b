"""Logged chats: what is asked, what is known, and what is a table after all."""

from __future__ import annotations

import json

import pytest

from distill.errors import UsageError
from distill.seeds.formats.file_format import RawRow
from distill.starter.logged_chats import chats_of, own_prompts, propose_chats

TEAMS = ("billing", "delivery", "technical")


def turns(n: int, reply: str | None = None, system: str | None = None) -> list[dict[str, str]]:
    said = [{"role": "user", "content": f"Where is parcel {n * 7919}?"}]
    before = [{"role": "system", "content": system}] if system else []
    return [*before, *said, *([{"role": "assistant", "content": reply}] if reply else [])]


def chats(rows: list[RawRow], answer: str | None = None) -> list[RawRow]:
    found = chats_of(rows, answer)
    assert found is not None
    return found


def test_a_label_beside_chats_without_an_answer_is_known() -> None:
    found = chats([{"messages": turns(n), "label": TEAMS[n % 3]} for n in range(30)])
    proposal = propose_chats(found)
    assert (proposal.inputs, proposal.answer, proposal.kind) == (("messages",), "label", "label")
    assert not own_prompts(found, proposal)


def test_the_answer_of_a_chat_is_known_and_of_its_kind() -> None:
    for reply, kind, own in (
        ("Look at {n}, it is there.", "text", True),
        ('{{"team": "{team}"}}', "object", False),
        ("{team}", "label", False),
    ):
        found = chats([{"messages": turns(n, reply.format(n=n, team=TEAMS[n % 3]))} for n in range(30)])
        proposal = propose_chats(found)
        assert (proposal.answer, proposal.kind, own_prompts(found, proposal)) == ("reply", kind, own)
    prompted = chats([{"messages": turns(n, TEAMS[n % 3], "Name the team.")} for n in range(30)])
    assert own_prompts(prompted, propose_chats(prompted))


def test_a_column_that_a_person_names_is_the_answer_and_the_last_turn_is_left_out() -> None:
    rows: list[RawRow] = [{"messages": turns(n, f"Yes, {n}."), "label": str(n % 2 == 0).lower()} for n in range(30)]
    assert len(chats(rows, "label")) == 30
    proposal = propose_chats(chats(rows, "label"), "label")
    assert (proposal.answer, proposal.kind) == ("label", "label")
    assert "not asked for" in proposal.taken[0]
    with pytest.raises(UsageError, match="no such column"):
        propose_chats(chats(rows, "label"), "lable")


def test_conversations_written_as_text_are_chats() -> None:
    assert len(chats([{"messages": json.dumps(turns(n, "Yes."))} for n in range(12)])) == 12
    logged = [
        {
            "request": json.dumps({"model": "m", "messages": turns(n)}),
            "response": {"choices": [{"message": {"content": "Yes."}}]},
        }
        for n in range(12)
    ]
    assert propose_chats(chats(list(logged))).answer == "reply"


@pytest.mark.parametrize(
    "row",
    [
        {"question": "Where is it?", "answer": {"team": "billing"}},
        {"question": "Where is it?", "expected": {"team": "billing"}, "tags": ["a"]},
        {"message": "Where is it?", "lines": [{"price": 4}]},
        {"instruction": "Reply.", "input": "Where is it?", "output": "There."},
    ],
)
def test_a_table_with_objects_is_a_table(row: RawRow) -> None:
    assert chats_of([row] * 20) is None
