"""Values as a message may show them: clipped, and never one that may be a key.

`looks_like_key` knows keys by their published beginnings, `Bearer …`, the password in a URL, and long random tokens. It
guards messages and specs, so it would rather withhold a model's odd name than print a key. `masked` is the last net over a
message that is ready: what it cannot tell word by word it leaves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

KEY_HINT = "looks like a key; put the NAME of an environment variable here, and the key into that variable"
SHOWN = 80
"""Characters of a value that a message shows."""

_BEGINS = (
    r"(?:sk|rk|pk)[-_][A-Za-z0-9_-]{3,}|gh[pousr]_\w{8,}|github_pat_\w{8,}|glpat-[\w-]{8,}|xox[abeoprs]-[\w-]{8,}|AIza[\w-]{16,}"
    r"|(?:AKIA|ASIA)[0-9A-Z]{12,}|hf_[A-Za-z0-9]{8,}|gsk_[A-Za-z0-9]{8,}|xai-[A-Za-z0-9]{8,}|pplx-[A-Za-z0-9]{8,}"
    r"|nvapi-[\w-]{8,}|r8_[A-Za-z0-9]{8,}|fw_[A-Za-z0-9]{16,}|csk-[A-Za-z0-9]{8,}|dapi[0-9a-f]{16,}|AccountKey=\S{16,}"
    r"|eyJ[\w-]{8,}\.[\w.-]{8,}|tgp_v1_[\w-]{8,}|key-[0-9a-f]{16,}|SG\.[\w.-]{16,}|npm_[A-Za-z0-9]{16,}|pypi-[\w-]{16,}"
)
_KEY = re.compile(rf"(?<![A-Za-z0-9_])(?:{_BEGINS})")
_BEARER = re.compile(r"(?i)\b(?:bearer|basic|token)\s+(?![$<{])[A-Za-z0-9._~+/=-]{6,}")
_USERINFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20}://)[^\s/@'\"]{1,200}@")
_PIECE = re.compile(r"[A-Za-z0-9]{20,}")
_UUID = re.compile(r"(?i)\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_HEX = re.compile(r"(?i)[0-9a-f]{24,}")
_NAMES_A_SECRET = re.compile(r"key|token|secret|auth|cookie|passw|bearer|credential", re.IGNORECASE)
_COUNTS = re.compile(r"tokens|max_token|token_limit", re.IGNORECASE)


def looks_like_key(text: str) -> bool:
    """Whether `text` may be a key, or hold one."""
    return is_key(text) or any(_random(piece) for piece in _PIECE.findall(text)) or bool(_UUID.search(text))


def is_key(text: str) -> bool:
    """Whether `text` holds what can hardly be anything but a key: a published form, a bearer's token, a URL's password."""
    return bool(_KEY.search(text) or _BEARER.search(text) or _USERINFO.search(text))


def names_a_secret(names: Sequence[object]) -> bool:
    """Whether a setting, by its own name or a group's around it, is one whose value may be a key whatever it looks like."""
    words = [name for name in names if isinstance(name, str) and not _COUNTS.search(name)]
    return any(name == "headers" or _NAMES_A_SECRET.search(name) for name in words)


def shown(value: object, names: Sequence[object] = ()) -> str | None:
    """`value` for a message, as Python spells it; None where it may be a key, or the setting `names` is a place for one."""
    if names_a_secret(names) and isinstance(value, str):
        return None
    text = value if isinstance(value, str) else repr(value)
    if looks_like_key(text):
        return None
    spelt = repr(value)
    return spelt if len(spelt) <= SHOWN else f"{spelt[: SHOWN - 20]}… ({len(text):,} characters)"


def masked(message: str) -> str:
    """A message without what is surely a key: for texts that others have written."""
    for pattern in (_KEY, _BEARER):
        message = pattern.sub("[withheld]", message)
    return _USERINFO.sub(r"\1[withheld]@", message)


def _random(piece: str) -> bool:
    """Whether a run of letters and digits was rolled and not written: digits among letters of both cases, or all hex."""
    digits = sum(letter.isdigit() for letter in piece)
    if _HEX.fullmatch(piece):
        return 0 < digits < len(piece)
    mixed = any(letter.islower() for letter in piece) and any(letter.isupper() for letter in piece)
    lower = piece.islower() and digits >= 4 and len(piece) >= 24
    return (mixed and digits >= 2) or lower
