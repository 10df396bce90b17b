"""The one place that makes a client of the OpenAI SDK: for files, batches, tuning jobs and what an endpoint says of a model.

No redirect is followed: the SDK's transport takes `authorization` off on the way to another host, and leaves every other
header that holds a key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from distill.errors import UsageError
from distill.teacher.endpoint import wire
from distill.teacher.endpoint.address import Address

if TYPE_CHECKING:
    from openai import AsyncOpenAI


def client(
    url: str | None, key: str | None, headers: Mapping[str, str], *, timeout_s: float, retries: int
) -> AsyncOpenAI:
    """A client; `retries` is for what may be sent twice. The SDK always sends a key, so the address can hold no user."""
    from openai import AsyncOpenAI, DefaultAioHttpClient

    if url is not None and (fault := wire.of_url(url, keyed=True)):
        raise UsageError(fault)
    return AsyncOpenAI(
        api_key=key or "none", base_url=url, default_headers=dict(headers), timeout=timeout_s, max_retries=retries,
        http_client=DefaultAioHttpClient(follow_redirects=False),
    )  # fmt: skip


async def shutdown_date(address: Address) -> str | None:
    """The day on which the model is shut down, None where the endpoint does not tell (most do not) or does not answer."""
    if address.local or address.by_file:
        return None
    from openai import OpenAIError

    try:
        async with client(address.url, address.key, address.headers, timeout_s=10, retries=1) as made:
            found = await made.models.retrieve(address.model)
    except (OpenAIError, ValueError):
        return None
    except Exception as fault:
        if unsent(fault):
            return None
        raise
    date = getattr(found, "shutdown_date", None)
    return address.mask.text(date) if isinstance(date, str) else None


def unsent(fault: BaseException) -> bool:
    """Whether the SDK's transport refused to build the request, so that nothing was sent."""
    import httpx2

    if isinstance(fault, httpx2.InvalidURL | httpx2.UnsupportedProtocol | httpx2.LocalProtocolError):
        return True
    return isinstance(fault, ValueError) and not isinstance(fault, httpx2.HTTPError) and not misread(fault)


def misread(fault: BaseException) -> bool:
    """Whether a reply was no object of the API: no JSON, or a page of HTML, which the SDK gives on as a text and fails on."""
    syntax = json.JSONDecodeError | UnicodeDecodeError
    return isinstance(fault, syntax | AttributeError | TypeError | KeyError | RecursionError)
