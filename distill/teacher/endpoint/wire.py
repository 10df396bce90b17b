"""What cannot be sent at all, found before anything is: an address, a key or a header that no HTTP request can carry.

The sentences name the setting or the variable, and never the value of a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BLANK = re.compile(r"[\s\x00-\x20\x7f]")
_EXAMPLE = "expected, say, http://127.0.0.1:8000/v1"
_ENDS = " \t\r\n\v\f\x00\x85\xa0\u200b\ufeff\u2028\u2029"


def stripped(secret: str | None) -> str | None:
    """A key or header as a variable holds it, without what editors leave at its ends: line ends, blanks, a byte order mark."""
    return (secret or "").strip(_ENDS) or None


def of_url(url: str, *, keyed: bool = False) -> str | None:
    """What is wrong with a base_url, None where nothing is; `keyed`: a key goes with it."""
    shown = without_user(url)
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError as fault:
        return f"base_url {shown!r} is no address ({fault}); {_EXAMPLE}"
    if parts.scheme not in ("http", "https") or not host:
        return f"base_url {shown!r} is no http address; {_EXAMPLE}"
    if port == 0 or _BLANK.search(url):
        wrong = "its port is 0" if port == 0 else "it holds a blank or a control character"
        return f"base_url {shown!r} is no address ({wrong}); {_EXAMPLE}"
    if keyed and (parts.username is not None or parts.password is not None):
        return (
            f"base_url {shown!r} holds a user or a password, and a key goes with it too; an endpoint takes one of them: "
            "take the user out of the address, or unset the key"
        )
    return _host_fault(url, shown)


def _host_fault(url: str, shown: str) -> str | None:
    from yarl import URL

    try:
        host = URL(url).host or ""
        (host if ":" in host else host.encode("idna").decode())
    except (ValueError, UnicodeError) as fault:
        return f"base_url {shown!r} is no address ({fault}); {_EXAMPLE}"
    return None


def of_key(key: str | None, name: str) -> str | None:
    """What is wrong with a key, by the name of its variable."""
    return _of_value(key, f"the key in ${name}" if name else "the key", "~", "ASCII")


def of_headers(headers: Mapping[str, str]) -> list[str]:
    odd = [name for name in headers if not _TOKEN.fullmatch(name)]
    found = [f"the header name {name!r} cannot be sent: expected letters, digits and dashes" for name in odd]
    values = (_of_value(value, f"the header {name!r}", "\xff", "Latin-1") for name, value in headers.items())
    return found + [fault for fault in values if fault]


def _of_value(value: str | None, what: str, last: str, letters: str) -> str | None:
    for place, letter in enumerate(value or "", 1):
        wrong = (
            "a line end" if letter in "\r\n" else
            "a control character" if (letter < " " and letter != "\t") or letter == "\x7f" else
            f"a character outside of {letters}" if letter > last else None
        )  # fmt: skip
        if wrong:
            return f"{what} cannot be sent: character {place} of {len(value or '')} is {wrong}; set it again"
    return None


def without_user(url: str) -> str:
    """A URL as it may be shown and kept: without the user and the password in it."""
    if "@" not in url:
        return url
    scheme, mark, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{mark}{authority.rpartition('@')[2]}{slash}{path}" if mark else url.rpartition("@")[2]
