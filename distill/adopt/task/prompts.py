"""The prompt of a tune: the system text that all its rows share, or each row's own.

A tune is asked as it was trained, to the letter. A shared text is put into the prompt only where the template gives back exactly
this text; one that a template would read (a slot, a marker of a turn, a line end at its edge) stays with the rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from distill.chat import templates
from distill.seeds.formats.file_format import RawRow
from distill.starter.logged_chats import MESSAGES, SYSTEM

_ASKED = f"[messages]\n{{{{{MESSAGES}}}}}\n"
_OWN = f"{{{{{SYSTEM}}}}}\n{_ASKED}"


def prompt_of(chats: Sequence[RawRow]) -> str:
    """The text of the prompt's file."""
    systems = {str(chat.get(SYSTEM) or "") for chat in chats}
    if systems == {""}:
        return _ASKED
    if len(systems) > 1:
        return _OWN
    (shared,) = systems
    text = f"{shared}\n{_ASKED}"
    return text if _given_back(text, shared, sorted({name for chat in chats for name in chat})) else _OWN


def shared_by_all(prompt: str) -> bool:
    """Whether a prompt holds the one system text of all rows."""
    return prompt not in (_ASKED, _OWN)


def _given_back(text: str, system: str, columns: Sequence[str]) -> bool:
    if templates.faults(text, "prompt", columns=columns):
        return False
    parsed = templates.parse(text, "prompt")
    asked = [{"role": "user", "content": "?"}]
    try:
        return parsed.fill({MESSAGES: asked}) == [{"role": "system", "content": system}, *asked]
    except KeyError:  # a slot in the text, which would be filled in
        return False
