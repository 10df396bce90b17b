"""POST /chat/completions. Answers are not stored, so lists of stored ones are empty."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from distill.host.access.json_body import json_object
from distill.host.routes.answerer import answerer
from distill.host.routes.event_stream import events_of, json_of, while_waited_for
from distill.host.serving.answers import chat
from distill.host.serving.calls.chat import chat_call
from distill.protocol.error import not_found
from distill.protocol.page import page


async def create(request: Request) -> Response:
    """An answer, whole or streamed."""
    call, models = chat_call(await json_object(request)), answerer(request)
    model = models.served(call.model)
    if call.stream:
        return await while_waited_for(request, events_of(chat.chunks(models.engine, model, call)))
    return await while_waited_for(request, json_of(chat.answer(models.engine, model, call)))


def stored(request: Request) -> Response:
    """Answers that were stored: none."""
    return JSONResponse(page([], {name: value for name, value in request.query_params.items() if name != "after"}))


def one_stored(request: Request) -> Response:
    """One that was stored, which none was."""
    raise not_found("ChatCompletion", request.path_params["completion"])


ROUTES = [
    Route("/chat/completions", create, methods=["POST"]),
    Route("/chat/completions", stored, methods=["GET"]),
    Route("/chat/completions/{completion}", one_stored, methods=["GET", "POST", "DELETE"]),
]
