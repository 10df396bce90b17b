"""Whole answers by the path of their route: what a batch's rows are answered by."""

from __future__ import annotations

from dataclasses import dataclass

from distill.host.serving.answers import chat, embedding, text
from distill.host.serving.calls.chat import chat_call
from distill.host.serving.calls.embeddings import embedding_call
from distill.host.serving.calls.parameters import Body
from distill.host.serving.calls.text import text_call
from distill.host.serving.engine import Engine, ServedModel
from distill.host.serving.served import served
from distill.host.settings import HostSettings
from distill.host.state.database import Database
from distill.protocol.error import ApiError
from distill.records import Json

ROUTES = ("/v1/chat/completions", "/v1/completions", "/v1/embeddings")
"""Paths whose calls a batch may hold."""


@dataclass(frozen=True, slots=True)
class Answerer:
    """The models of a host by their names, and the engine that answers for them."""

    settings: HostSettings
    db: Database
    engine: Engine

    def served(self, name: str) -> ServedModel:
        """What answers under a name; ApiError 404 where nothing does."""
        return served(self.settings, self.db, name)

    async def answer(self, path: str, body: Body) -> dict[str, Json]:
        """The answer to a body; ApiError as the route itself would refuse it, and for a stream, which has no place in a file."""
        if body.get("stream"):
            raise ApiError("A batch's requests cannot be streamed; leave 'stream' out.", param="stream")
        if path == "/v1/chat/completions":
            chat_asked = chat_call(body)
            return await chat.answer(self.engine, self.served(chat_asked.model), chat_asked)
        if path == "/v1/completions":
            text_asked = text_call(body)
            return await text.answer(self.engine, self.served(text_asked.model), text_asked)
        asked = embedding_call(body)
        return await embedding.answer(self.engine, self.served(asked.model), asked)
