"""Who answers for the models of the host that a request came to."""

from __future__ import annotations

from starlette.requests import Request

from distill.host.host import Host
from distill.host.serving.answers.answerer import Answerer


def answerer(request: Request) -> Answerer:
    """The host's models and its engine."""
    host: Host = request.app.state.host
    return Answerer(host.settings, host.db, host.engine)
