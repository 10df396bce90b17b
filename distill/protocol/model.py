"""The JSON of models that can be asked."""

from __future__ import annotations

from distill.records import Json


def model(*, identity: str, created: int, owned_by: str, **more: Json) -> dict[str, Json]:
    """A model; `more` is what a server tells beside the public API's fields."""
    return {
        "id": identity, "object": "model", "created": created, "owned_by": owned_by, "shutdown_date": None, **more,
    }  # fmt: skip


def deleted_model(*, identity: str) -> dict[str, Json]:
    """What DELETE answers."""
    return {"id": identity, "object": "model", "deleted": True}
