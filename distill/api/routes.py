"""Student first, teacher second, for a program that answers rows."""

from __future__ import annotations

from pathlib import Path

from distill.ship.routes.load import load
from distill.ship.routes.router import Router


def load_routes(path: str | Path) -> Router:
    """The folder that `distill routes RUN --out DIR` wrote, ready to answer; UsageError where it is none, or a file of it is gone.

        routes = distill.load_routes("routes/support-triage")
        found = routes.ask({"message": "where is my parcel?"}, student=OpenAI(base_url=…), teacher=OpenAI())
        found.value, found.by, found.why

    `ask_async` takes clients that are awaited. A linear student needs no client.
    """
    return load(Path(path))
