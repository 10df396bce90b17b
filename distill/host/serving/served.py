"""The model that a client means: a base, an alias of one, a tune, or a checkpoint of one."""

from __future__ import annotations

from distill.host.serving.engine import ServedModel
from distill.host.settings import HostSettings
from distill.host.state import models
from distill.host.state.database import Database
from distill.protocol.error import ApiError


def served(settings: HostSettings, db: Database, name: str) -> ServedModel:
    """What answers under a name; ApiError 404 where nothing does."""
    if (base := settings.base_of(name)) is not None:
        return ServedModel(name, base)
    tune = models.get(db, name)
    if tune is None:
        raise unknown(name)
    if tune.base not in settings.bases:
        raise ApiError(
            f"The model `{name}` is a tune on the base `{tune.base}`, which this server was started without; start it with --base {tune.base}=PATH.",
            status=503, code="base_not_served", param="model",
        )  # fmt: skip
    return ServedModel(name, tune.base, tune.folder)


def unknown(name: str) -> ApiError:
    """Of a model that is not there."""
    return ApiError(
        f"The model `{name}` does not exist or you do not have access to it.",
        status=404,
        code="model_not_found",
        param="model",
    )
