"""One attempt at any OpenAI-compatible endpoint: a Request in, an Answer out, every failure classified.

The SDK sends; its own retries are off, because two layers multiply and the ledger must see each attempt.
It accepts much that is no answer (HTML with 200, no choices, no finish reason), so the body is read here
and only a whole chat completion counts as one. The key is in the client and nowhere else.
"""

from __future__ import annotations

import asyncio
import email.utils
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from distill import tokens
from distill.money import Price
from distill.records import Answer, Ended, Request, Usage

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

_NO_ACCESS = {
    "insufficient_quota",
    "invalid_api_key",
    "model_not_found",
    "billing_hard_limit_reached",
    "account_deactivated",
}
_KEEP_CHARS = 400


@dataclass(slots=True)
class Endpoint:
    """A server that speaks chat completions; `model` is sent where a body names none."""

    model: str
    base_url: str | None = None
    key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_s: float = 120.0
    price: Price | None = None
    _client: AsyncOpenAI | None = field(default=None, init=False, repr=False)

    async def answer(self, request: Request) -> Answer:
        """Send once; returns within `timeout_s` and a second."""
        from openai import APIConnectionError, APIStatusError, APITimeoutError, OpenAIError

        self._sdk()  # its import takes a second and is not the endpoint's to answer for
        started = time.monotonic()
        try:
            async with asyncio.timeout(self.timeout_s):
                body = await self._post({"model": self.model} | dict(request.body))
            answer = read(body, request, price=self.price)
        except (TimeoutError, APITimeoutError) as fault:
            # The SDK's aiohttp transport calls a refused connection a connect timeout: nothing was sent, nothing billed.
            if type(fault.__cause__).__name__ == "ConnectTimeout":
                return Answer(request.id, Ended.CONNECTION, error=self._without_key(str(fault.__cause__)))
            answer = Answer(
                request.id,
                Ended.TIMEOUT,
                error=f"no whole answer within {self.timeout_s:g} s; it may be billed",
            )
        except APIStatusError as fault:
            answer = _status(fault, request.id)
        except (APIConnectionError, OpenAIError, OSError) as fault:
            answer = Answer(
                request.id,
                Ended.CONNECTION,
                error=f"{type(fault).__name__}: {fault.__cause__ or fault}"[:_KEEP_CHARS],
            )
        return replace(answer, latency_s=time.monotonic() - started, error=self._without_key(answer.error))

    async def close(self) -> None:
        """Close the connections; safe to call twice."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _post(self, body: dict[str, Any]) -> bytes:
        messages, model = body.pop("messages"), body.pop("model")
        reply = await self._sdk().chat.completions.with_raw_response.create(
            model=model, messages=messages, extra_body=body
        )
        return reply.http_response.content

    def _sdk(self) -> AsyncOpenAI:
        if self._client is None:
            import aiohttp
            from openai import AsyncOpenAI, DefaultAioHttpClient

            del aiohttp  # the SDK's aiohttp transport needs it; imported here so a lack of it shows at once
            self._client = AsyncOpenAI(
                api_key=self.key or "none",
                base_url=self.base_url,
                default_headers=dict(self.headers),
                timeout=self.timeout_s,
                max_retries=0,
                http_client=DefaultAioHttpClient(follow_redirects=False),
            )
        return self._client

    def _without_key(self, text: str) -> str:
        return text.replace(self.key, "[key]") if self.key else text


def read(body: bytes, request: Request, *, price: Price | None) -> Answer:
    """A 200's body as an Answer: OK only for a whole chat completion that says why it ended."""
    try:
        found = json.loads(body)
        choice = found["choices"][0]
        message, finish = choice["message"], choice["finish_reason"]
        text, refusal = message.get("content") or "", message.get("refusal") or ""
        reasoning = message.get("reasoning_content") or message.get("reasoning") or ""
        whole = isinstance(finish, str) and all(isinstance(part, str) for part in (text, refusal, reasoning))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        whole = False
    if not whole:
        shown = body[:_KEEP_CHARS].decode("utf-8", "replace")
        return Answer(request.id, Ended.MALFORMED, status=200, error=f"no whole chat completion: {shown!r}")
    usage = _usage(found.get("usage"), request, text)
    return Answer(
        request.id, Ended.OK, text, finish, usage, price(usage) if price else 0.0, model=str(found.get("model") or ""),
        refusal=refusal, reasoning=reasoning, status=200, raw=body.decode("utf-8", "replace"),
    )  # fmt: skip


def _usage(found: Any, request: Request, text: str) -> Usage:
    """The endpoint's own counts; where it gives none, tiktoken's, marked as estimated."""
    if (
        isinstance(found, dict)
        and isinstance(found.get("prompt_tokens"), int)
        and isinstance(found.get("completion_tokens"), int)
    ):
        details = found.get("prompt_tokens_details") or {}
        cached = details.get("cached_tokens") if isinstance(details, dict) else 0
        return Usage(found["prompt_tokens"], found["completion_tokens"], cached if isinstance(cached, int) else 0)
    return Usage(tokens.count_messages(request.body["messages"]), tokens.count(text), 0, measured=False)


def _status(fault: APIStatusError, request_id: str) -> Answer:
    code, status = str(fault.code or ""), fault.status_code
    if status in (401, 403, 404) or code in _NO_ACCESS:  # a 404 is a model or a path that is not there, for any row
        ended = Ended.NO_ACCESS
    elif status == 429:
        ended = Ended.RATE_LIMITED
    elif status >= 500 or status in (408, 409):
        ended = Ended.OVERLOADED
    else:
        ended = Ended.REFUSED
    wait = retry_after_s(fault.response.headers, now=time.time())
    return Answer(request_id, ended, error=str(fault.message)[:_KEEP_CHARS], status=status, retry_after_s=wait)


def retry_after_s(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds from `retry-after-ms` or `retry-after` (a number or an HTTP date); None if absent or absurd.

    Over an hour is taken as an hour: the run then says what it waits for instead of sleeping a week.
    """
    try:
        if (ms := headers.get("retry-after-ms")) is not None:
            seconds = float(ms) / 1000
        elif (given := headers.get("retry-after")) is not None:
            seconds = float(given) if given.strip().replace(".", "", 1).isdigit() else _date_s(given, now)
        else:
            return None
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), 3600.0) if math.isfinite(seconds) else None


def _date_s(given: str, now: float) -> float:
    return email.utils.parsedate_to_datetime(given).timestamp() - now
