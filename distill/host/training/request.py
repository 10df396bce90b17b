"""The body of a request for a job, checked as the public API checks it: everything that can be known before a file is read.

A body in, the settings of a job out; ApiError says which setting is wrong, with the value found and what was expected.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from distill.host.training import hyperparameters
from distill.protocol.error import ApiError
from distill.records import Json

_KNOWN = (
    "model", "training_file", "validation_file", "hyperparameters", "method", "suffix", "seed", "metadata", "integrations",
)  # fmt: skip
_MOST_SUFFIX, _MOST_PAIRS, _MOST_KEY, _MOST_VALUE, _MOST_SEED, _MOST_INTEGRATIONS = 64, 16, 64, 512, 2**31 - 1, 5
_ODD = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What a client asks for. `suffix` is as it stands in the model's name, `said` as the client spelt it."""

    model: str
    training_file: str
    validation_file: str | None
    method: str
    hyperparameters: Mapping[str, Json]
    suffix: str
    said: str | None
    seed: int
    metadata: Mapping[str, str] | None
    integrations: tuple[Mapping[str, Json], ...]


def read(body: Mapping[str, Json]) -> JobRequest:
    """A request for a job; ApiError where the public API would refuse it."""
    if unknown := sorted(set(body) - set(_KNOWN)):
        raise ApiError(f"Unrecognized request argument supplied: {unknown[0]}", param=unknown[0])
    method, wanted = _method(body)
    said = _suffix(body.get("suffix"))
    return JobRequest(
        model=_text(body, "model"), training_file=_text(body, "training_file"),
        validation_file=_text(body, "validation_file") if body.get("validation_file") is not None else None, method=method,
        hyperparameters=wanted, suffix=_ODD.sub("-", said or ""), said=said, seed=_seed(body.get("seed")),
        metadata=_metadata(body.get("metadata")), integrations=_integrations(body.get("integrations")),
    )  # fmt: skip


def _text(body: Mapping[str, Json], name: str) -> str:
    value = body.get(name)
    if value is None:
        raise ApiError(f"You must provide a {name} parameter", param=name)
    if not isinstance(value, str) or not value.strip():
        raise ApiError(f"{name} is {value!r}; expected a text", param=name)
    return value


def _object(value: Json, param: str) -> Mapping[str, Json]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ApiError(f"{param} is {value!r}; expected an object", param=param)
    return value


def _method(body: Mapping[str, Json]) -> tuple[str, dict[str, Json]]:
    """The method's name and its hyperparameters, wherever they stand; those of the method go before those of the old place."""
    given = _object(body.get("method"), "method")
    name = given.get("type", "supervised") if given else "supervised"
    if name == "reinforcement":
        raise ApiError(
            "This host trains by the methods supervised and dpo; reinforcement fine-tuning needs graders, which it does not run",
            param="method.type", code="unsupported_method",
        )  # fmt: skip
    if name not in hyperparameters.METHODS:
        raise ApiError(f"method.type is {name!r}; expected supervised or dpo", param="method.type")
    if other := sorted(key for key, value in given.items() if key not in ("type", name) and value is not None):
        raise ApiError(f"method.{other[0]} cannot be given for the method {name}", param=f"method.{other[0]}")
    inside = _object(given.get(name), f"method.{name}")
    if other := sorted(set(inside) - {"hyperparameters"}):
        raise ApiError(
            f"Unrecognized request argument supplied: method.{name}.{other[0]}", param=f"method.{name}.{other[0]}"
        )
    old = hyperparameters.asked(_object(body.get("hyperparameters"), "hyperparameters"), name, "hyperparameters")
    param = f"method.{name}.hyperparameters"
    own = hyperparameters.asked(_object(inside.get("hyperparameters"), param), name, param)
    return name, {key: old[key] if value == hyperparameters.AUTO else value for key, value in own.items()}


def _suffix(value: Json) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= _MOST_SUFFIX:
        raise ApiError(f"suffix is {value!r}; expected a text of 1 to {_MOST_SUFFIX} characters", param="suffix")
    return value


def _seed(value: Json) -> int:
    """The seed; a random one where none is given."""
    if value is None:
        return secrets.randbelow(_MOST_SEED)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_SEED:
        raise ApiError(f"seed is {value!r}; expected a whole number from 0 to {_MOST_SEED}", param="seed")
    return value


def _metadata(value: Json) -> Mapping[str, str] | None:
    if value is None:
        return None
    given = _object(value, "metadata")
    if len(given) > _MOST_PAIRS:
        raise ApiError(f"metadata has {len(given)} pairs; at most {_MOST_PAIRS} are kept", param="metadata")
    for key, text in given.items():
        if len(key) > _MOST_KEY or not isinstance(text, str) or len(text) > _MOST_VALUE:
            raise ApiError(
                f"metadata {key[:_MOST_KEY]!r}: expected a key of at most {_MOST_KEY} and a text of at most {_MOST_VALUE} characters",
                param="metadata",
            )
    return dict(given)


def _integrations(value: Json) -> tuple[Mapping[str, Json], ...]:
    """They are kept and shown; that nothing is sent to them is an event of the job."""
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > _MOST_INTEGRATIONS:
        raise ApiError(f"integrations: expected a list of at most {_MOST_INTEGRATIONS}", param="integrations")
    for one in value:
        inside = one.get("wandb") if isinstance(one, Mapping) and one.get("type") == "wandb" else None
        if not isinstance(inside, Mapping) or not isinstance(inside.get("project"), str):
            raise ApiError('integrations: expected {"type": "wandb", "wandb": {"project": …}}', param="integrations")
    return tuple(value)
