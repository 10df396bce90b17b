"""`registry:`: where promoted students are registered beside the folder registry/."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from distill.spec.settings import NonBlank, Settings

_SCHEMES = ("http", "https", "sqlite", "postgresql", "mysql", "mssql")


def mlflow_address(value: str) -> str:
    """An address that MLflow's client takes and that holds no secret; ValueError says what was expected."""
    expected = "expected https://HOST, http://HOST:PORT or sqlite:///FILE.db"
    try:
        parts = urlsplit(value)
    except ValueError as fault:
        raise ValueError(f"no address ({fault}); {expected}") from None
    if "@" in parts.netloc:
        raise ValueError(
            "it holds a user or a password; take it out: MLflow reads $MLFLOW_TRACKING_USERNAME and $MLFLOW_TRACKING_PASSWORD"
        )
    scheme = parts.scheme.split("+")[0]
    if value.startswith("databricks") or (scheme in _SCHEMES and (parts.netloc or parts.path.strip("/"))):
        return value
    raise ValueError(f"{value[:80]!r} is no address of an MLflow server or database; {expected}")


class RegistrySettings(Settings):
    """A registry that a team has already."""

    mlflow: Annotated[NonBlank, AfterValidator(mlflow_address)] | None = Field(
        None,
        description="an MLflow server or database in which `distill promote` registers the student too, say sqlite:///mlflow.db",
    )
