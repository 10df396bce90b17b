"""The faults of a text, whatever turn it is of: what a template takes for markup, what cannot be stored, what nobody should learn.

A credential is named by its form and never shown.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence

from distill.curate.gates import credentials, private

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BROKEN = re.compile("\ufffd|Ã[\x80-\xbf©¨¼¶¤±§ªº¡®¯]|â€[™œ\x9d“”˜¦]|Â[°§£ ]")
_SECRET_HINT, _PRIVATE_HINT = re.compile(credentials.HINT), re.compile(private.PII_HINT)


@functools.lru_cache(maxsize=1024)
def faults(text: str, markup: tuple[str, ...], system: bool) -> tuple[tuple[str, str], ...]:
    """(name, what is there) of everything wrong with a text; a `system` text may name the template's tokens. Texts that come
    again with every row, such as the system prompt, are looked at once.
    """
    return tuple(_faults(text, () if system else markup))


def _faults(text: str, markup: Sequence[str]) -> Iterator[tuple[str, str]]:
    if token := next((one for one in markup if one in text), None):
        yield "chat_markup", repr(token)
    if hit := _SURROGATE.search(text):
        yield "lone_surrogate", f"U+{ord(hit[0]):04X}"
    if hit := _CONTROL.search(text):
        yield "control_characters", f"U+{ord(hit[0]):04X}"
    if hit := _BROKEN.search(text):
        yield "broken_letters", repr(hit[0])
    if _SECRET_HINT.search(text) and (name := _credential(text)):
        yield "credential", name
    if _PRIVATE_HINT.search(text) and (found := next(private.named(text), None)):
        yield "private_data", found[0]


def _credential(text: str) -> str:
    return next((name for name, pattern in credentials.SECRETS.items() if pattern.search(text)), "")
