"""POST /embeddings"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from distill.host.access.json_body import json_object
from distill.host.routes.answerer import answerer
from distill.host.routes.event_stream import json_of, while_waited_for
from distill.host.serving.answers import embedding
from distill.host.serving.calls.embeddings import embedding_call


async def create(request: Request) -> Response:
    """Vectors."""
    call, models = embedding_call(await json_object(request)), answerer(request)
    model = models.served(call.model)
    return await while_waited_for(request, json_of(embedding.answer(models.engine, model, call)))


ROUTES = [Route("/embeddings", create, methods=["POST"])]
