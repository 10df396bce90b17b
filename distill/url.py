"""What is wrong with the address of an endpoint, before anything is sent there.

A `base_url` is scheme, host, perhaps port, and the path that calls are put behind: `https://host/v1`. It is read by nobody
but the client, so nothing in it is filled in, and nothing in it is secret.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from distill.secrets.withheld import is_key, masked

EXAMPLE = "http://127.0.0.1:8000/v1"
TOGETHER = "https://api.together.ai/v1"
_VARIABLE = re.compile(r"\$\{?\w+\}?|\{\{?\w+\}?\}|%\w+%|<[^<>]+>")
_CALLS = ("/chat/completions", "/completions", "/responses", "/embeddings", "/models", "/messages", "/batches")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ODD = re.compile(r"[\s\x00-\x1f\x7f\\\"'`]")


def unfilled(text: str) -> str | None:
    """The part of a text that stands for a variable and would go out as it is; None where there is none."""
    found = _VARIABLE.search(text)
    return found[0] if found else None


def wrong(url: str) -> str:
    """A sentence with what was found and what to write; nothing where the address can be used."""
    if not url.strip():
        return f"is empty: write the address, say {EXAMPLE}, or take it out for the default one"
    if name := unfilled(url):
        return (
            f"holds {name}, which nothing fills in; write the address itself, or let the shell do it: "
            "--set teacher.base_url=$TEACHER_URL, or export OPENAI_BASE_URL and take base_url out"
        )
    if _ODD.search(url):
        return f"is {_spelt(url)}: a blank, a quote or a control character in it; expected, say, {EXAMPLE}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as fault:
        return f"is {_spelt(url)}: {str(fault)[0].lower()}{str(fault)[1:]}; expected, say, {EXAMPLE}"
    return _wrong_part(url, parts, port)


def _wrong_part(url: str, parts: SplitResult, port: int | None) -> str:
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"is {_spelt(url)}, no http address; expected, say, {EXAMPLE}"
    if "@" in parts.netloc:
        return (
            "holds a user or a password, which is withheld; take it out, and send it in a header from a variable: "
            "headers: {Authorization: $MY_HEADER}"
        )
    if is_key(url):
        return "holds what looks like a key, which is withheld; take it out, and send it in a header from a variable"
    if not _host(parts.hostname):
        return f"is {_spelt(url)}: no host has such a name; expected, say, {EXAMPLE}"
    if port == 0:
        return f"is {_spelt(url)}: port 0 is none to call; expected 1 to 65535"
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        return (
            f"is {_spelt(url.split('?', maxsplit=1)[0].split('#', maxsplit=1)[0])} with a query or fragment (withheld): paths are put behind it; "
            "take it out, and give what the host wants under sampling.extra or headers"
        )
    if (ending := parts.path.rstrip("/").lower()).endswith(_CALLS):
        last = next(one for one in _CALLS if ending.endswith(one))
        return f"ends with {last}, which is put there by itself; write {_spelt(url.rstrip('/')[: -len(last)])}"
    return ""


def _host(name: str) -> bool:
    """Whether a name can be looked up: no empty part, none longer than 63, no letter that no host has."""
    try:
        return bool(name.encode("idna")) and not name.startswith(".")
    except UnicodeError:
        return False


def own(url: str) -> bool:
    """Whether an address is of this machine or of a private network: a server there may have no price and no key."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host and ":" not in host
    return address.is_loopback or address.is_private or address.is_link_local


def normal(url: str) -> str:
    """An address by which two spellings of one endpoint are told to be the same: case of the host, default port, slashes at the end."""
    parts = urlsplit(url.strip())
    try:
        port = parts.port
    except ValueError:
        return url
    host = (parts.hostname or "").rstrip(".")
    host = f"[{host}]" if ":" in host else host
    scheme = parts.scheme.lower()
    at = "" if port is None or port == _DEFAULT_PORTS.get(scheme) else f":{port}"
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    return f"{scheme}://{user}{host}{at}{parts.path.rstrip('/')}"


def twice(urls: Sequence[str]) -> list[tuple[int, int]]:
    """Places (from 1) of addresses that stand in a list again, each with the place where it stood first."""
    first: dict[str, int] = {}
    places = [(first.setdefault(normal(one), n), n) for n, one in enumerate(urls, 1)]
    return [(before, now) for before, now in places if before != now]


def _spelt(url: str) -> str:
    return repr(masked(url)[:100])
