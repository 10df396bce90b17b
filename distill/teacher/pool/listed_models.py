"""What the endpoints say of the model they serve, asked before the first call: GET /models costs nothing.

    vLLM        {"id": …, "root": "Qwen/Qwen3-8B", "max_model_len": 32768}
    llama.cpp   {"id": …, "meta": {"n_params": 8190735360, "n_vocab": 151936, "n_ctx": 4096, …}}

Sizes that differ are of different models: refused. A name of the weights that differs may be another path to the same ones, and a
shorter context fails long rows there alone: said. An endpoint that does not answer or lists nothing of the kind is passed over;
its replies tell later (served_names.py).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from distill.errors import UsageError
from distill.records import Json
from distill.teacher.endpoint import wire
from distill.teacher.endpoint.address import Address
from distill.teacher.endpoint.client import proxy_of
from distill.teacher.endpoint.names import fixed_resolver
from distill.text.model_names import same
from distill.text.normalise import storable

_WAIT_S = 5.0
_MOST_BYTES = 2**20
_SIZES = ("n_params", "n_vocab")


@dataclass(frozen=True, slots=True)
class ListedModel:
    """What one endpoint lists of the model that is asked for; empty where it says nothing."""

    url: str
    root: str = ""
    context: int | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)


async def differences(endpoints: Sequence[Address]) -> list[str]:
    """Sentences about endpoints that may answer unlike the others; UsageError where they serve different models."""
    found = [one for one in await asyncio.gather(*map(_look, endpoints)) if one is not None]
    pairs = [(found[0], one) for one in found[1:]] if found else []
    for one, other in combinations(found, 2):
        if size := next((name for name in _SIZES if _differ(one.sizes.get(name), other.sizes.get(name))), None):
            raise UsageError(
                f"the endpoints of base_url serve different models under one name: {one.url} says {size} {one.sizes[size]:,}, {other.url} "
                f"{other.sizes[size]:,}; nothing was sent: take one of them out of the list"
            )
    said = [
        f"{one.url} serves {one.root!r}, {other.url} {other.root!r}: see that both are the same model"
        for one, other in pairs
        if one.root and other.root and not same(one.root, other.root)
    ]
    return said + [
        f"{one.url} takes {one.context:,} tokens a call, {other.url} {other.context:,}: start them alike, or long rows fail at one of them"
        for one, other in pairs
        if _differ(one.context, other.context)
    ]


def _differ(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and one != other


async def _look(address: Address) -> ListedModel | None:
    """What an endpoint lists; None where it does not answer or lists nothing of use."""
    import aiohttp

    headers = {"accept": "application/json", **address.headers}
    if address.key:
        headers = {"authorization": f"Bearer {address.key}", **headers}
    connector = aiohttp.TCPConnector(resolver=fixed_resolver(address.ip) if address.ip else None)
    timeout, proxy = aiohttp.ClientTimeout(total=_WAIT_S), None if address.ip else proxy_of(address.url)
    try:
        async with (
            aiohttp.ClientSession(headers=headers, timeout=timeout, connector=connector) as session,
            session.get(f"{address.url}/models", allow_redirects=False, proxy=proxy) as response,
        ):
            body = b""
            async for part in response.content.iter_any():
                body += part
                if len(body) > _MOST_BYTES:
                    return None
            return listed(address, json.loads(body)) if response.status == 200 else None
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError, RecursionError):
        return None


def listed(address: Address, reply: Json) -> ListedModel | None:
    """The entry of the asked model in a reply to GET /models, or the only one that there is."""
    entries = reply.get("data") if isinstance(reply, dict) else None
    models = [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []
    named = [one for one in models if one.get("id") == address.model] or (models if len(models) == 1 else [])
    if not named:
        return None
    entry = named[0]
    meta = entry.get("meta")
    sizes = {name: size for name in _SIZES if isinstance(meta, dict) and (size := _whole(meta.get(name))) is not None}
    root = entry.get("root")
    shown = storable(address.mask.text(root))[:120] if isinstance(root, str) else ""
    context = entry.get("max_model_len") or (meta.get("n_ctx") if isinstance(meta, dict) else None)
    return ListedModel(wire.without_user(address.url), shown, _whole(context), sizes)


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
