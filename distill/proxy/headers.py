"""Which headers go on: all but those that are of one connection alone. The key in `authorization` goes to the upstream and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable

from multidict import CIMultiDict

Raw = Iterable[tuple[bytes, bytes]]
_OF_A_CONNECTION = frozenset(
    (
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te", b"trailer",
        b"transfer-encoding", b"upgrade",
    )
)  # fmt: skip
_OURS = frozenset((b"host", b"expect", b"content-length"))
"""What the client of the upstream says anew."""
AUTO = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""What that client would add where a caller said nothing."""


def to_upstream(headers: Raw, *, plain: bool) -> CIMultiDict[str]:
    """A caller's headers; with `plain` the answer is wanted unpacked, so that it can be kept."""
    headers = list(headers)
    left_out = _of_this_connection(headers) | _OURS | ({b"accept-encoding"} if plain else set())
    found = CIMultiDict((_text(name), _text(value)) for name, value in headers if name.lower() not in left_out)
    if plain:
        found["accept-encoding"] = "identity"
    return found


def to_caller(headers: Raw) -> list[tuple[bytes, bytes]]:
    """The upstream's headers, as they came."""
    headers = list(headers)
    left_out = _of_this_connection(headers)
    return [(name.lower(), value) for name, value in headers if name.lower() not in left_out]


def value_of(headers: Raw, wanted: bytes) -> bytes:
    """The first value of a header; empty where there is none."""
    return next((value for name, value in headers if name.lower() == wanted), b"")


def _of_this_connection(headers: Raw) -> set[bytes]:
    """Also those that `connection` names."""
    named = (value for name, value in headers if name.lower() == b"connection")
    return {*_OF_A_CONNECTION, *(one.strip().lower() for value in named for one in value.split(b","))}


def _text(value: bytes) -> str:
    """As the client writes it back to the same bytes, where they are text at all."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
