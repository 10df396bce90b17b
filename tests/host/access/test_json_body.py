"""A JSON body is taken strictly."""

from __future__ import annotations

import pytest

from distill.host.access.json_body import parsed
from distill.protocol.error import ApiError


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"a"', b"1", b"null", b"true", b"\xff{}", b'{"a": NaN}', b'{"a": "\\ud800"}', b"[" * 100_000, b'{"a":' * 5000,
     b"{'a': 1}", b'{"a": 1e999}', b"\x00"],
)  # fmt: skip
def test_what_is_no_object(body: bytes) -> None:
    with pytest.raises(ApiError) as refused:
        parsed(body)
    assert refused.value.status == 400
    assert len(refused.value.message) < 400


def test_what_is_one() -> None:
    assert parsed(b'{"a": [1, "\\ud83d\\ude00"]}') == {"a": [1, "😀"]}
