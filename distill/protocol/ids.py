"""Ids of objects, in the shapes that clients know: file-…, ftjob-…, batch_…, chatcmpl-…"""

from __future__ import annotations

import secrets

_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def new(prefix: str, length: int = 24) -> str:
    """A fresh id: the prefix with its dash or underscore, and so many random letters and digits."""
    return prefix + "".join(secrets.choice(_LETTERS) for _ in range(length))
