"""Who may ask: whoever has a key that the host was given, or, where it has none, whoever is on this machine and is no web page."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from distill.errors import UsageError
from distill.protocol.error import ApiError

_LEAST = 16
"""Characters of a key that guards an address which others reach."""


def check_start(
    address: str, keys: Sequence[str], variable: str | None, *, option: str = "--key-env", who: str = "clients"
) -> None:
    """UsageError where the server would be open to others, or its key is none."""
    if variable is not None and not keys:
        raise UsageError(
            f"{option} {variable}: the variable is empty or not set; export {variable}=… with a long random key"
        )
    if loopback(address):
        return
    if not keys:
        raise UsageError(
            f"--address {address} can be reached from other machines: it needs {option} VAR, the name of a variable with a key that "
            f"{who} have to send; or leave --address out, and only this machine is served"
        )
    if any(len(key) < _LEAST for key in keys):
        raise UsageError(
            f"the key in {variable} has fewer than {_LEAST} characters; for an address that other machines reach take a long random one, "
            'say `python -c "import secrets; print(secrets.token_urlsafe(32))"`'
        )


def loopback(host: str) -> bool:
    """Whether a name or an address means this machine alone."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_key(authorization: str, keys: Sequence[str]) -> str:
    """The key of a request; ApiError 401 where it is none of these. Takes as long for a wrong one as for a right one."""
    given = authorization.partition(" ")[2].strip()
    if not keys:
        return ""
    if not has_key(authorization, keys):
        told = (
            "Incorrect API key provided." if given else "You didn't provide an API key: send `Authorization: Bearer …`."
        )
        raise ApiError(told, status=401, code="invalid_api_key")
    return given


def has_key(authorization: str, keys: Sequence[str]) -> bool:
    """Whether a request has one of the keys; it takes as long to say no as yes."""
    kind, _, given = authorization.partition(" ")
    sent = given.strip().encode("utf-8", "surrogateescape") if kind.lower() == "bearer" else b""
    matches = [hmac.compare_digest(sent, key.encode()) for key in keys]
    return any(matches)


def check_page(headers: Mapping[str, str], *, guarded: bool) -> None:
    """ApiError 403 for what a web page of elsewhere sent through the browser of somebody on this machine.

    A key guards from that, since no page knows it. Without one the request has to be for this machine by name (a name that
    was made to lead here is another one), and from no other origin.
    """
    if guarded:
        return
    host = headers.get("host", "")
    if host and not loopback(_name(f"//{host}")):
        raise ApiError(
            f"This host answers for localhost only, not for {host[:100]!r}; start it with --key-env for other names.",
            status=403,
        )
    origin = headers.get("origin")
    if origin is not None and not loopback(_name(origin)):
        raise ApiError("Requests of web pages are not taken: cross-origin sharing is off.", status=403)


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
