"""All headers go on, but those that are of one connection."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from distill.proxy.headers import to_caller, to_upstream, value_of

NAMES = st.sampled_from([b"accept", b"x-a", b"X-B", b"set-cookie", b"openai-organization", b"cache-control"])
OTHERS = st.lists(st.tuples(NAMES, st.binary(max_size=8).map(lambda value: value.hex().encode())), max_size=6)


@given(OTHERS)
def test_what_is_not_of_a_connection_goes_both_ways_in_its_order(headers: list[tuple[bytes, bytes]]) -> None:
    own = [
        (b"Connection", b"keep-alive, X-Hop"),
        (b"x-hop", b"1"),
        (b"Transfer-Encoding", b"chunked"),
        (b"TE", b"gzip"),
    ]
    assert to_caller([*own, *headers]) == [(name.lower(), value) for name, value in headers]
    sent = to_upstream([*own, (b"host", b"h"), (b"content-length", b"3"), *headers], plain=False)
    assert [(name.lower().encode(), value.encode()) for name, value in sent.items()] == [
        (name.lower(), value) for name, value in headers
    ]


def test_a_call_that_is_kept_is_wanted_unpacked() -> None:
    asked = [(b"accept-encoding", b"br, gzip"), (b"authorization", b"Bearer sk-mine")]
    assert dict(to_upstream(asked, plain=True)) == {"authorization": "Bearer sk-mine", "accept-encoding": "identity"}
    assert to_upstream(asked, plain=False)["accept-encoding"] == "br, gzip"
    assert dict(to_upstream([], plain=False)) == {}


def test_text_that_is_no_utf_8_is_kept_as_letters() -> None:
    assert to_upstream([(b"x-a", "ä".encode()), (b"x-b", b"\xe4")], plain=False)["x-b"] == "ä"
    assert value_of([(b"Content-Encoding", b"gzip")], b"content-encoding") == b"gzip"
    assert value_of([], b"content-encoding") == b""
