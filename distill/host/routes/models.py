"""GET /models · GET, DELETE /models/{model}"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from distill.host.host import Host
from distill.host.serving.served import unknown
from distill.host.state import models
from distill.host.state.models import TunedModel
from distill.protocol import model as shapes
from distill.protocol.error import ApiError
from distill.records import Json

_BASES_SINCE = 1_735_689_600
"""When a base was made is not known; a day for all, so that lists stay as they are."""


def listed(request: Request) -> Response:
    """All that can be asked: the bases, their aliases, then the tunes, oldest first."""
    host: Host = request.app.state.host
    names = [*host.settings.bases, *host.settings.aliases]
    found = [_base(host, name) for name in names] + [_tune(one) for one in models.every(host.db)]
    return JSONResponse({"object": "list", "data": found})


def retrieve(request: Request) -> Response:
    """One of them."""
    host: Host = request.app.state.host
    name = request.path_params["model"]
    if host.settings.base_of(name) is not None:
        return JSONResponse(_base(host, name))
    if (tune := models.get(host.db, name)) is None:
        raise unknown(name)
    return JSONResponse(_tune(tune))


def delete(request: Request) -> Response:
    """A tune is not known any more; a base stays."""
    host: Host = request.app.state.host
    name = request.path_params["model"]
    if host.settings.base_of(name) is not None:
        raise ApiError(
            f"The model `{name}` is a base of this server, which cannot be deleted.", status=403, param="model"
        )
    if not models.delete(host.db, name):
        raise unknown(name)
    return JSONResponse(shapes.deleted_model(identity=name))


def _base(host: Host, name: str) -> dict[str, Json]:
    return shapes.model(identity=name, created=_BASES_SINCE, owned_by="system", root=host.settings.base_of(name))


def _tune(tune: TunedModel) -> dict[str, Json]:
    return shapes.model(identity=tune.name, created=int(tune.created_at), owned_by="user", root=tune.base)


ROUTES = [
    Route("/models", listed, methods=["GET"]),
    Route("/models/{model:path}", retrieve, methods=["GET"]),
    Route("/models/{model:path}", delete, methods=["DELETE"]),
]
