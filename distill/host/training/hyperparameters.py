"""The hyperparameters of a job: what a client may ask for, and what `auto` comes to for its rows and its base.

n_epochs                   1 to 50              auto: by the number of rows, as `distill preflight` advises
batch_size                 1 to 256             auto: 1 for every 12 rows, from 2 to 8
learning_rate_multiplier   above 0              auto: 1, the rate for a base of this size
beta (dpo)                 above 0, at most 2   auto: 0.1
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeGuard

from distill.protocol.error import ApiError
from distill.records import Json
from distill.student.preflight.advice import advise

AUTO = "auto"
METHODS = ("supervised", "dpo")
MICRO_BATCH = 8
"""Rows that are held in memory at once; a larger batch adds up the gradients of several."""
DPO_RATE = 0.05
"""Of the rate for rows: pairs move an adapter far in few steps."""
_MOST_EPOCHS, _MOST_BATCH, _MOST_BETA = 50, 256, 2.0
_NAMES = ("n_epochs", "batch_size", "learning_rate_multiplier")
_BETA = 0.1


def asked(given: Mapping[str, Json], method: str, param: str) -> dict[str, Json]:
    """What a request says, checked, `auto` where it says nothing; ApiError names the setting below `param`."""
    names = (*_NAMES, "beta") if method == "dpo" else _NAMES
    if unknown := sorted(set(given) - set(names)):
        raise ApiError(
            f"Unknown hyperparameter {unknown[0]!r} for the method {method}; expected {', '.join(names)}",
            param=f"{param}.{unknown[0]}",
        )
    return {name: _checked(name, given.get(name), f"{param}.{name}") for name in names}


def _checked(name: str, value: Json, param: str) -> Json:
    if value is None or value == AUTO:
        return AUTO
    if name in ("n_epochs", "batch_size"):
        highest = _MOST_EPOCHS if name == "n_epochs" else _MOST_BATCH
        if _is_number(value) and 1 <= value <= highest and value == int(value):
            return int(value)
        raise ApiError(f"{name} is {value!r}; expected a whole number from 1 to {highest}, or 'auto'", param=param)
    most = _MOST_BETA if name == "beta" else math.inf
    if _is_number(value) and 0 < value <= most:
        return value
    limit = f" and at most {_MOST_BETA:g}" if name == "beta" else ""
    raise ApiError(f"{name} is {value!r}; expected a number above 0{limit}, or 'auto'", param=param)


def _is_number(value: Json) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def taken(wanted: Mapping[str, Json], *, rows: int) -> dict[str, Json]:
    """The same with every `auto` decided for so many rows that train."""
    usual: Mapping[str, Json] = {
        "n_epochs": int(advise(rows).epochs),
        "batch_size": min(MICRO_BATCH, max(2, rows // 12)),
        "learning_rate_multiplier": 1.0,
        "beta": _BETA,
    }
    return {name: usual[name] if value == AUTO else value for name, value in wanted.items()}


def chosen(wanted: Mapping[str, Json], found: Mapping[str, Json]) -> str:
    """What `auto` came to, for an event; empty where nothing was left to it."""
    return ", ".join(f"{name} {found[name]:g}" for name, value in wanted.items() if value == AUTO)


def micro_batch(batch_size: int) -> int:
    """Rows at once: the largest part of a batch that fits, so that it is made of whole parts."""
    return max(part for part in range(1, min(batch_size, MICRO_BATCH) + 1) if batch_size % part == 0)


def rate(multiplier: float, *, params: int, method: str) -> float:
    """The learning rate on a base of so many parameters."""
    usual = advise(1, params=params).learning_rate or 0.0
    return usual * multiplier * (DPO_RATE if method == "dpo" else 1.0)


def steps(rows: int, taken_: Mapping[str, Json]) -> int:
    """Of the optimiser, in all."""
    return int(taken_["n_epochs"]) * math.ceil(rows / int(taken_["batch_size"]))
