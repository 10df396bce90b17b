"""Text from outside in a page of Markdown: shown as it is, and never read as markup."""

from __future__ import annotations

import re

_MARKS = re.compile(r"([\\`*_{}\[\]<>|~#$!])")
_ENTITY = re.compile(r"&(?=[#\w])")
_LINK = re.compile(r"(?i)(://|www\.|@)")


def escaped(value: object, most: int = 400) -> str:
    """One line of Markdown that shows `value` and can be nothing else: no markup, link or table edge."""
    text = " ".join(str(value).split())
    text = text if len(text) <= most else text[: most - 1] + "\u2026"
    text = _MARKS.sub(r"\\\1", _ENTITY.sub("&amp;", text))
    return _LINK.sub(lambda link: "".join(f"&#{ord(letter)};" for letter in link[0]), text)
