"""Answers of a student and its base, one under the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from distill.records import Json, canonical

if TYPE_CHECKING:
    from distill.cli.chat_lines import ChatQuestion
    from distill.views.student_chat import Reply

_NAME = 9


def reply_lines(question: ChatQuestion, replies: Mapping[str, Reply]) -> list[str]:
    """The row's texts where it is a test row, each answer with its seconds, and the known answer."""
    row, lines = question.row, []
    if row is not None:
        lines += [line for name, value in row.fields.items() for line in _block(name, _text(value))]
    for name, reply in replies.items():
        cost = f", ${reply.usd:.2g}" if reply.usd else ""
        lines += _block(
            name, f"no answer: {reply.error}" if reply.error else reply.text, f"{reply.seconds:.2f} s{cost}"
        )
    if row is not None:
        lines += _block("known", "no known answer" if row.known is None else _text(row.known))
    return lines


def reply_json(question: ChatQuestion, replies: Mapping[str, Reply]) -> dict[str, Json]:
    """The same as one object."""
    row = question.row
    answers = {
        name: {"text": reply.text, "seconds": reply.seconds, "error": reply.error or None, "usd": reply.usd}
        for name, reply in replies.items()
    }
    beside = {"row": row.seed_id, "known": row.known} if row is not None else {}
    return {"fields": dict(question.fields), **beside, "answers": answers}


def _block(name: str, text: str, note: str = "") -> list[str]:
    """A text with its name before the first line; what follows stands below it."""
    first, *others = text.splitlines() or [""]
    return [f"{name:{_NAME}}{first}{f'   ({note})' if note else ''}", *(f"{'':{_NAME}}{line}" for line in others)]


def _text(value: Json) -> str:
    return value if isinstance(value, str) else canonical(value)
