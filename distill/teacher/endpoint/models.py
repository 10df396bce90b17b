"""From a model of the spec to where it is and how it is asked: whose key goes where, what is the teacher's, what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from distill import reads, spec
from distill.money import Rate
from distill.teacher.endpoint import payload, wire
from distill.teacher.endpoint.address import Address, Model, local

S = TypeVar("S", spec.Sampling, spec.EndpointLimits)


def over(base: S, given: S | None) -> S:
    """The teacher's settings with those that a model sets itself."""
    return base if given is None or given is base else given.over(base)


def asked(one: spec.ModelSpec, first: spec.Teacher, env: Mapping[str, str], sampling: spec.Sampling) -> Model:
    """A model of the spec; what it leaves open is the teacher's."""
    limits = over(first.limits, one.limits)
    at = address(
        one.model, one.base_url or first.base_url, _key_env(one, first), env, one.price,
        timeout_s=limits.timeout_s, headers=one.headers, api=one.api,
    )  # fmt: skip
    at = replace(at, each_address=one.each_address or (one.base_url is None and first.each_address))
    if one.mode == "file" and not at.local:
        named = at.base_url if one.base_url or first.base_url else None
        at = replace(at, by_file=True, base_url=named, rate=_by_file(one.price))
    return Model(at, sampling, limits, one.mode, one.batch)


def telling(model: Model) -> Model:
    """The model, asked for the probabilities of its tokens as well."""
    extra, wish = model.sampling.extra, payload.probabilities_wish(model.address.dialect)
    if isinstance(also := extra.get("include"), list) and "include" in wish:
        wish["include"] = [*also, *(one for one in wish["include"] if one not in also)]
    return replace(model, sampling=model.sampling.model_copy(update={"extra": {**extra, **wish}}))


def _key_env(one: spec.ModelSpec, first: spec.Teacher) -> str:
    """Whose key goes where: a model at the teacher's own address has its key; no other host gets a key that is not named."""
    if one.key_env is not None:
        return one.key_env
    if one.base_url is None or one.base_url == first.base_url:
        return first.key_env or "OPENAI_API_KEY"
    urls = one.base_url if isinstance(one.base_url, tuple) else (one.base_url,)
    return "OPENAI_API_KEY" if all(payload.dialect_of(url, "chat") == "openai" for url in urls) else ""


def address(
    model: str, base_url: str | tuple[str, ...] | None, key_env: str, env: Mapping[str, str], price: spec.PriceGiven | None, *,
    timeout_s: float, headers: Mapping[str, str] | None = None, api: str = "chat",
) -> Address:  # fmt: skip
    """Where a model is, by its settings and the environment; `base_url` may be a list of endpoints."""
    given = headers or {}
    listed = base_url if isinstance(base_url, tuple) else ()
    base_url = listed[0] if isinstance(base_url, tuple) else base_url
    if base_url is None and not local(model):
        reads.note("env:OPENAI_BASE_URL")
    read = {name: wire.stripped(env.get(value[1:])) or "" for name, value in given.items() if value.startswith("$")}
    return Address(
        model=model,
        base_url=(base_url or env.get("OPENAI_BASE_URL") or "").strip() or None,
        key=wire.stripped(env.get(key_env)),
        key_env=key_env,
        headers={**given, **read},
        secrets=tuple(read.values()),
        rate=rate_of(price),
        timeout_s=timeout_s,
        api=api,
        listed=listed,
    )


def _by_file(price: spec.PriceGiven | None) -> Rate:
    """Who answers files has machines of his own: nothing is counted but what the spec names, with no batch's share of it."""
    if price is None:
        return Rate(0, 0)
    rate = Rate(price.input, price.output, price.cached_input, price.reasoning, price.batch)
    return rate if "batch" in price.model_fields_set else replace(rate, batch=1.0)


def rate_of(price: spec.PriceGiven | None) -> Rate | None:
    """A price of the spec as what computes it."""
    return Rate(price.input, price.output, price.cached_input, price.reasoning, price.batch) if price else None
