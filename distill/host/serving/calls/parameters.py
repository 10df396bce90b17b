"""Single settings of a request's body; ApiError in the words of the public API where one is wrong. Null is as good as left out."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from distill.protocol.error import ApiError
from distill.records import Json

Body = Mapping[str, Json]
_KINDS = {
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    str: "a string",
    list: "an array",
    dict: "an object",
}


def known(body: Body, names: Collection[str]) -> None:
    """ApiError for a setting that the route has not."""
    if (odd := next((name for name in body if name not in names), None)) is not None:
        raise ApiError(f"Unknown parameter: '{odd}'.", code="unknown_parameter", param=odd)


def refused(body: Body, why: Mapping[str, str]) -> None:
    """ApiError for a setting of the public API that is not to be had here, and would change the answer."""
    for name, reason in why.items():
        if body.get(name) not in (None, False, "", [], {}):
            raise ApiError(f"'{name}' is not supported here: {reason}.", code="unsupported_parameter", param=name)


def text(body: Body, name: str) -> str | None:
    """A string."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise wrong_type(name, "a string", value)
    return value


def flag(body: Body, name: str) -> bool:
    """A boolean, False where it is left out."""
    value = body.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise wrong_type(name, "a boolean", value)
    return value


def whole(body: Body, name: str, *, low: int, high: int) -> int | None:
    """An integer within limits."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(name, "an integer", value)
    _within(name, "integer", value, low, high)
    return value


def number(body: Body, name: str, *, low: float, high: float, usual: float) -> float:
    """A number within limits."""
    value = body.get(name)
    if value is None:
        return usual
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise wrong_type(name, "a decimal", value)
    _within(name, "decimal", value, low, high)
    return float(value)


def stops(body: Body) -> tuple[str, ...]:
    """`stop`: a text, or up to four."""
    value = body.get("stop")
    if value is None:
        return ()
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise wrong_type("stop", "a string or an array of strings", value)
    if len(found) > 4:
        raise ApiError(
            f"Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length {len(found)} instead.",
            code="array_above_max_length", param="stop",
        )  # fmt: skip
    return tuple(one for one in found if one)


def logit_bias(body: Body) -> dict[int, float]:
    """Token id → what is added to its logit, from -100 to 100."""
    value = body.get("logit_bias")
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise wrong_type("logit_bias", "an object", value)
    found = {}
    for token, added in value.items():
        if not (token.isascii() and token.isdecimal() and len(token) <= 7):
            raise ApiError(
                f"Invalid key in 'logit_bias': {token[:40]}. You should only be submitting token ids.",
                param="logit_bias",
            )
        found[int(token)] = number({f"logit_bias.{token}": added}, f"logit_bias.{token}", low=-100, high=100, usual=0.0)
    return found


def include_usage(body: Body, *, stream: bool) -> bool:
    """`stream_options.include_usage`, which only a stream may have."""
    value = body.get("stream_options")
    if value is None:
        return False
    if not isinstance(value, Mapping):
        raise wrong_type("stream_options", "an object", value)
    if not stream:
        raise ApiError(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.", param="stream_options"
        )
    known(
        {f"stream_options.{name}": None for name in value},
        ("stream_options.include_usage", "stream_options.include_obfuscation"),
    )
    return flag(value, "include_usage")


def model(body: Body) -> str:
    """The name of the model that is asked."""
    found = text(body, "model")
    if not found:
        raise ApiError("you must provide a model parameter", param="model")
    return found


def wrong_type(name: str, expected: str, found: Json) -> ApiError:
    """Of a value of another JSON type than expected."""
    kind = "null" if found is None else _KINDS.get(type(found), "another type")
    return ApiError(
        f"Invalid type for '{name}': expected {expected}, but got {kind} instead.", code="invalid_type", param=name
    )


def missing(name: str) -> ApiError:
    """Of a setting that has to be there."""
    return ApiError(f"Missing required parameter: '{name}'.", code="missing_required_parameter", param=name)


def _within(name: str, kind: str, value: float, low: float, high: float) -> None:
    if value > high:
        told, code = f"above maximum value. Expected a value <= {high}", f"{kind}_above_max_value"
    elif value < low:
        told, code = f"below minimum value. Expected a value >= {low}", f"{kind}_below_min_value"
    else:
        return
    raise ApiError(f"Invalid '{name}': {kind} {told}, but got {value} instead.", code=code, param=name)
