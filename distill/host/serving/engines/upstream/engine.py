"""A vLLM or another server of the same protocol that answers in place of the engines here. Tunes are put on it by vLLM's own route."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from distill.errors import UsageError
from distill.host.serving.engine import Embedded, ModelQuestion, Piece, ServedModel
from distill.host.serving.engines.failures import failed
from distill.host.serving.engines.upstream import reply
from distill.protocol.error import ApiError
from distill.records import Json
from distill.teacher.endpoint import lora_route

FAULTS = (ApiError, UsageError, OSError, ValueError, LookupError, TypeError, aiohttp.ClientError)
WIDTH = 32
"""Questions that are worth asking at a time."""


@dataclass(slots=True)
class UpstreamEngine:
    """An `Engine` for all bases: a name that the server has is passed on, else the base's path, as vLLM names what it serves."""

    url: str
    bases: Mapping[str, str]
    key: str | None = None
    loaded: set[str] = field(default_factory=set)
    _names: frozenset[str] = frozenset()
    _session: aiohttp.ClientSession | None = None

    def width(self, model: ServedModel) -> int:  # noqa: ARG002 - the server sees to its own turns
        """As many as keep such a server busy."""
        return WIDTH

    async def write(self, model: ServedModel, question: ModelQuestion) -> AsyncGenerator[Piece, None]:
        """The answer, piece by piece; closing the iterator closes the connection, which stops the server's work."""
        try:
            name = await self._name(model)
            route = "/completions" if question.messages is None else "/chat/completions"
            async with self._post(route, reply.request(name, question)) as response:
                async for piece in reply.pieces(response, chat=question.messages is not None):
                    yield piece
        except FAULTS as fault:
            raise self._told(fault, model, "answer") from fault

    async def embed(self, model: ServedModel, texts: Sequence[str | Sequence[int]]) -> Embedded:
        """The server's own vectors."""
        try:
            body = {"model": await self._name(model), "input": list(texts), "encoding_format": "float"}
            async with self._post("/embeddings", body) as response:
                found = await response.json(content_type=None)
            ordered = sorted(found["data"], key=lambda one: one["index"])
            return Embedded([one["embedding"] for one in ordered], int(found["usage"]["prompt_tokens"]))
        except FAULTS as fault:
            raise self._told(fault, model, "embed") from fault

    async def text(self, model: ServedModel, ids: Sequence[int]) -> str:  # noqa: ARG002 - no server of this kind tells it
        """Refused: the tokeniser is the server's."""
        raise ApiError("Token ids cannot be echoed here; send the prompt as text.", param="echo")

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _told(self, fault: Exception, model: ServedModel, doing: str) -> ApiError:
        """A server that was started again has lost its tunes: the next try, which the SDKs make by themselves, loads this one anew."""
        refused = failed(fault, doing)
        if refused.status == 404 and doing == "embed":
            return ApiError(f"The server behind this one has no vectors of {model.name}.", param="model")
        if refused.status != 404 or model.name not in self.loaded:
            return refused
        self.loaded.discard(model.name)
        told = f"The server behind this one does not know {model.name} any more; ask again."
        return ApiError(told, status=503, code="upstream_failed")

    async def _name(self, model: ServedModel) -> str:
        """What the server knows a model by; a tune that it lacks is loaded first."""
        if model.adapter is not None:
            if model.name not in self.loaded:
                await lora_route.load(self.url, self.key, model.name, model.adapter, setting="--upstream")
                self.loaded.add(model.name)
            return model.name
        if not self._names:
            async with self._opened().get(f"{self.url.rstrip('/')}/models") as response:
                found = await response.json(content_type=None)
            self._names = frozenset(one["id"] for one in found.get("data") or ())
        path = self.bases.get(model.base, model.base)
        return path if model.base not in self._names and path in self._names else model.base

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            headers = {"authorization": f"Bearer {self.key}"} if self.key else {}
            waits = aiohttp.ClientTimeout(total=None, sock_connect=30)
            self._session = aiohttp.ClientSession(headers=headers, timeout=waits, read_bufsize=2**22)
        return self._session

    @asynccontextmanager
    async def _post(self, route: str, body: Mapping[str, Json]) -> AsyncIterator[aiohttp.ClientResponse]:
        url = self.url.rstrip("/") + route
        async with self._opened().post(url, json=body, allow_redirects=False) as response:
            if response.status != 200:
                raise _refusal(response.status, await response.content.read(100_000))
            yield response


def _refusal(status: int, body: bytes) -> ApiError:
    """The server's own refusal, in its words."""
    try:
        found = json.loads(body)
        error = found["error"] if isinstance(found.get("error"), dict) else found
        message, param, code = str(error["message"]), error.get("param"), error.get("code")
    except (ValueError, LookupError, TypeError, AttributeError):
        message, param, code = body[:300].decode("utf-8", "replace") or "no reason", None, None
    if status in (401, 403) or status >= 500 or status < 400:  # of this host's own doing, or nobody's
        return ApiError(
            f"The server behind this one says {status}: {message[:500]}", status=503, code="upstream_failed"
        )
    if "context length" in message:
        code = "context_length_exceeded"
    known = code if isinstance(code, str) else None  # vLLM says the status here
    return ApiError(message[:1000], status=status, code=known, param=param if isinstance(param, str) else None)
