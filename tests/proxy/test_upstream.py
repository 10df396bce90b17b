"""Where a path leads."""

from __future__ import annotations

import pytest

from distill.errors import UsageError
from distill.proxy.upstream import base_url, opened


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("https://api.openai.com", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("http://127.0.0.1:8000/openai/v4", "http://127.0.0.1:8000/openai/v4"),
    ],
)
async def test_the_upstreams_own_prefix_stands_in_the_place_of_ours(given: str, base: str) -> None:
    assert base_url(given) == base
    async with opened(base) as upstream:
        assert str(upstream.address("/v1/models/a%2Fb", "limit=2")) == f"{base}/models/a%2Fb?limit=2"
        assert upstream.address("/v1", "") is not None
        assert [upstream.address(path, "") for path in ("/", "/v11", "/v1/../x", "/v1/%2E./x")] == [None] * 4


@pytest.mark.parametrize(
    "given", ["", "api.openai.com", "https://u:p@host/v1", "https://host/v1?key=1", "https://host/v1/chat/completions"]
)
def test_an_address_that_is_none_is_said(given: str) -> None:
    with pytest.raises(UsageError, match=r"^--to "):
        base_url(given)
