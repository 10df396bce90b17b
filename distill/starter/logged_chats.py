"""Logged chats as rows that a task can be proposed for: the conversation is the input, the last answer or a column beside it known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from distill.chat import conversation
from distill.records import Json
from distill.seeds.chat_logs import keys
from distill.seeds.chat_logs.chats import row_of
from distill.seeds.formats.file_format import RawRow
from distill.starter.columns import columns_of, filled, list_of, object_of
from distill.starter.proposal import NONE, Proposal, answer_of, check_named, propose

MESSAGES, SYSTEM, REPLY = "messages", "system", "reply"
_LOGGED = (
    "role",
    "from",
    "parts",
    "content",
    "messages",
    "contents",
    "body",
    "choices",
    "generations",
    "kwargs",
    "prompt",
)
"""Keys of a turn, of a request or of a response."""
_LISTS = (*keys.HELD, "history")
"""Columns that hold turns, or pairs of them, in any form."""
_LOOKED_AT = 200
_NEARLY_ALL = 0.9


def chats_of(rows: Sequence[RawRow], answer: str | None = None) -> list[RawRow] | None:
    """The rows as chats, with `messages`, `system` and `reply`; None where they are a table, such as one of `question` and `answer`.

    `answer` is a column that a person names: what else it may mean in a log of chats does not count. Rows that are no chat are left out.
    """
    some = rows[:_LOOKED_AT]
    if not any(_is_logged(value) or (key in _LISTS and list_of(value)) for row in some for key, value in row.items()):
        return None
    chats = [chat for row in some if (chat := _chat(row, answer)) is not None]
    if len(chats) < _NEARLY_ALL * len(some) or not _asked(chats, answer):
        return None
    return [chat for row in rows if (chat := _chat(row, answer)) is not None]


def propose_chats(chats: Sequence[RawRow], answer: str | None = None) -> Proposal:
    """The proposal: the logged answers are known where nearly all chats have one, else a column beside the chat may be."""
    columns = columns_of([{k: v for k, v in chat.items() if k != conversation.REQUEST} for chat in chats])
    check_named(columns, [], answer)
    if answer is None and _share(chats, REPLY) >= _NEARLY_ALL:
        answer = REPLY
    beside = [column for column in columns if column.name not in (MESSAGES, SYSTEM)]
    found = answer_of([column for column in beside if column.name != REPLY or answer == REPLY], len(chats), answer)
    proposal = propose(
        [one for one in columns if one.name != REPLY or answer == REPLY],
        len(chats), inputs=[MESSAGES], answer=found.name if found else NONE,
    )  # fmt: skip
    known = (
        "their answers are known"
        if answer == REPLY
        else f"the known answer is `{found.name}`"
        if found
        else "no answer is known"
    )
    cut = "; the answer that ends a chat is not asked for" if answer != REPLY and _share(chats, REPLY) > 0 else ""
    taken = [one for one in proposal.taken if one.startswith("strata")]
    kind = "text" if answer == REPLY and call_tools(chats) else proposal.kind
    return Proposal(
        inputs=proposal.inputs, answer=proposal.answer, kind=kind, values=proposal.values, strata=proposal.strata,
        rows=proposal.rows, known=proposal.known, taken=[f"the rows are logged chats; {known}{cut}", *taken],
    )  # fmt: skip


def own_prompts(chats: Sequence[RawRow], proposal: Proposal) -> bool:
    """Whether the chats are asked under their own system prompts: what they answered, or would have, is the task."""
    if proposal.answer not in (None, REPLY):
        return False
    return proposal.kind in ("text", "none") or _share(chats, SYSTEM) > 0


def _is_logged(value: Json | ValueError) -> bool:
    """Whether a value is a conversation or a part of a logged request: an object with fields of a task's own is a known answer."""
    found = list_of(value)
    inside = found[0] if found else object_of(value)
    inside = inside[0] if isinstance(inside, list) and inside else inside
    return isinstance(inside, Mapping) and any(key in inside for key in _LOGGED)


def call_tools(chats: Sequence[RawRow]) -> bool:
    """Whether chats bring tools or call some, in what is asked or in what was answered."""
    return any(
        "tools" in chat.get(conversation.REQUEST, ())
        or conversation.calls_tools(chat[MESSAGES])
        or "tool_calls" in (chat[REPLY] if isinstance(chat[REPLY], Mapping) else ())
        for chat in chats
    )


def _chat(row: RawRow, answer: str | None) -> RawRow | None:
    try:
        return row_of(row, ours=[answer] if answer else [])
    except ValueError:
        return None


def _asked(chats: Sequence[RawRow], answer: str | None) -> bool:
    """Whether conversations are what is answered: they have answers of their own, or several turns, or nothing else is a text."""
    if _share(chats, REPLY) >= _NEARLY_ALL or answer is not None:
        return True
    columns = columns_of(
        [{k: v for k, v in chat.items() if k not in (SYSTEM, REPLY, conversation.REQUEST)} for chat in chats]
    )
    return not any(column.kind == "text" for column in columns if column.name != MESSAGES)


def _share(chats: Sequence[RawRow], name: str) -> float:
    return sum(filled(chat.get(name)) for chat in chats) / max(len(chats), 1)
