"""POST /completions"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from distill.host.access.json_body import json_object
from distill.host.routes.answerer import answerer
from distill.host.routes.event_stream import events_of, json_of, while_waited_for
from distill.host.serving.answers import text
from distill.host.serving.calls.text import text_call


async def create(request: Request) -> Response:
    """An answer, whole or streamed."""
    call, models = text_call(await json_object(request)), answerer(request)
    model = models.served(call.model)
    if call.stream:
        return await while_waited_for(request, events_of(text.chunks(models.engine, model, call)))
    return await while_waited_for(request, json_of(text.answer(models.engine, model, call)))


ROUTES = [Route("/completions", create, methods=["POST"])]
