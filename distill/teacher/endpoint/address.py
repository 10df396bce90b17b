"""From the names in a spec to something that answers: embedded, scripted, or any OpenAI-compatible server.

The identity that goes into request ids is made here: the server's address and never its key, port of the
embedded server or concurrency, so that a second run finds the first one's answers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from distill import url
from distill.base_model.local import LocalWeights
from distill.errors import AccessRefused, UsageError
from distill.money import Price, Rate, price_of
from distill.secrets.masking import SecretMask, passwords
from distill.teacher import ModelClient
from distill.teacher.endpoint import lora_route, payload, scripted, wire
from distill.teacher.endpoint.client import Endpoint
from distill.teacher.engines import embedded, gguf_model, in_process

if TYPE_CHECKING:
    from distill.spec import BatchSettings, EndpointLimits, Sampling

SCRIPTED = "scripted"
SEVERAL = "several endpoints"
"""The identity of a list of endpoints, whichever they are: an answer of one is an answer of all (docs/decisions/endpoints.md)."""
BY_FILE = "file"
"""The identity of a model that answers by file and has no address."""
_DEFAULT_URL = "https://api.openai.com/v1"


def local(model: str) -> bool:
    """Whether a model answers on this machine, at no address."""
    return model == SCRIPTED or model.startswith("embedded/")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a model is: enough to make request ids and prices without starting or reaching anything."""

    model: str
    base_url: str | None = None
    """The endpoint; of a list the first."""
    key: str | None = field(default=None, repr=False)
    key_env: str = "OPENAI_API_KEY"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Values of headers that come from the environment."""
    rate: Rate | None = None
    timeout_s: float = 120.0
    adapter: Path | None = None
    adapter_id: str = ""
    api: str = "chat"
    weights: LocalWeights | None = None
    """Of a model that answers on this machine, by `engine`: llama.cpp or transformers."""
    engine: str = ""
    listed: tuple[str, ...] = ()
    """Every endpoint of a list; empty where base_url is one address."""
    each_address: bool = False
    """Whether each address that the name in base_url has is an endpoint of its own."""
    ip: str | None = None
    """Where the host of base_url is looked for, instead of at what its name resolves to."""
    by_file: bool = False
    """Whether its requests go into files that somebody else answers; then `base_url` only names who that is."""

    @property
    def local(self) -> bool:
        return self.weights is not None or local(self.model)

    @property
    def identity(self) -> str:
        """What a request id names; equal for equal models, whatever serves them today."""
        model = f"{self.model} {self.weights.identity} by {self.engine}" if self.weights else self.model
        if self.adapter is not None:
            return f"student/{self.adapter_id} on {model}"
        if self.by_file and self.base_url is None:
            return BY_FILE
        return model if self.local else SEVERAL if self.listed else self.url

    @property
    def urls(self) -> tuple[str, ...]:
        """Where calls may go; of a model that is not local."""
        return tuple(one.rstrip("/") for one in self.listed) or (self.url,)

    @property
    def several(self) -> bool:
        """Whether calls are spread over endpoints, of a list or of all that a name stands for."""
        return not self.local and (bool(self.listed) or self.each_address)

    @property
    def dialect(self) -> payload.ApiDialect:
        """How a body for this endpoint is written."""
        nowhere = self.by_file and self.base_url is None and self.api == "chat"
        return "chat" if self.local or nowhere else payload.dialect_of(self.base_url, self.api)

    @property
    def price(self) -> Price | None:
        """Dollars of a call's usage, or None where no table knows the model."""
        return price_of(self.model, self.rate)

    @property
    def batch_price(self) -> Price | None:
        """The same for a row of a batch."""
        return price_of(self.model, self.rate, batch=True)

    @property
    def url(self) -> str:
        """Where calls go; of a model that is not local."""
        return (self.base_url or _DEFAULT_URL).rstrip("/")

    @property
    def mask(self) -> SecretMask:
        """What takes every secret of this endpoint out of what it says."""
        held = [secret for url in (self.listed or (self.base_url,)) for secret in passwords(url)]
        return SecretMask.of([self.key, *self.secrets, *held])

    def faults(self) -> list[str]:
        """What cannot be sent at all: an address, a key or a header. Whether a key is missing is asked by `check` alone."""
        if self.local or self.by_file:
            return []
        keyed = self.key is not None or any(name.lower() == "authorization" for name in self.headers)
        at = [
            f"base_url (or OPENAI_BASE_URL) {wrong}" if (wrong := url.wrong(one)) else wire.of_url(one, keyed=keyed)
            for one in self.urls
        ]
        found = (*at, *self._mixed(), wire.of_key(self.key, self.key_env), *wire.of_headers(self.headers))
        return [fault for fault in found if fault]

    def _mixed(self) -> list[str]:
        """Endpoints of one list are asked with the same bodies."""
        spoken = {payload.dialect_of(one, self.api) for one in self.listed}
        if len(spoken) < 2:
            return []
        return [
            "base_url lists OpenAI's own endpoints beside others, and their requests differ; give fallback or panel the other ones"
        ]

    @property
    def shown(self) -> str:
        """The same as it may be shown: without a password."""
        return BY_FILE if self.identity == BY_FILE else ", ".join(map(wire.without_user, self.urls))

    @property
    def keyless(self) -> bool:
        """Whether calls would go to another machine without any key."""
        keyed = self.key or any(name.lower() in ("authorization", "api-key", "x-api-key") for name in self.headers)
        keyed = keyed or bool(passwords(self.base_url))
        if self.local or self.by_file or keyed or any(map(url.wrong, self.urls)):
            return False
        return any(urlsplit(one).hostname not in ("127.0.0.1", "localhost", "::1") for one in self.urls)

    def check(self) -> None:
        """Raise what would refuse every call before the first is sent: no such embedded model, no key, no address."""
        if self.weights is None and self.model.startswith("embedded/") and self.model != embedded.MODEL:
            raise UsageError(f"no embedded model {self.model!r}; there is {embedded.MODEL!r}")
        if self.local:
            return
        if faults := self.faults():
            raise UsageError("; ".join(faults))
        if self.keyless:
            raise AccessRefused(
                f"the model {self.model!r} needs a key and {f'${self.key_env} is not set' if self.key_env else 'its key_env names none'}; "
                f"set it, or run `--set teacher.model={embedded.MODEL}` for the embedded model that needs none"
            )


@dataclass(frozen=True, slots=True)
class Model:
    """One of the models that answer: where it is, how it is asked, what its endpoint takes, and by which way."""

    address: Address
    sampling: Sampling
    limits: EndpointLimits
    mode: str
    batch: BatchSettings

    @property
    def in_flight(self) -> int:
        """The most calls in flight at once: the limit is each endpoint's."""
        return self.limits.in_flight * max(1, len(self.address.listed))


@asynccontextmanager
async def opened(address: Address) -> AsyncIterator[ModelClient]:
    """Start or reach the model; everything started is stopped on the way out."""
    address.check()
    if address.by_file:
        raise UsageError(
            f"the model {address.model!r} answers by file (mode: file) and takes no calls; name another mode to call it"
        )
    if address.model == SCRIPTED:
        yield scripted.Scripted()
    elif address.weights is not None:
        serving = gguf_model.serving if address.engine == "llama.cpp" else in_process.serving
        async with serving(address.weights, address.adapter) as model:
            yield model
    elif address.local:
        keyless = replace(address, key=None, headers={})  # it needs none, and gets nobody's
        async with embedded.serving(address.adapter, lambda url: _client(keyless, url)) as model:
            yield model
    else:
        if address.adapter is not None:
            await lora_route.load(address.url, address.key, address.model, address.adapter.parent)
        async with _client(address, address.base_url or _DEFAULT_URL) as endpoint:
            yield endpoint


@asynccontextmanager
async def _client(address: Address, url: str) -> AsyncIterator[Endpoint]:
    endpoint = Endpoint(
        model=address.model, base_url=url, key=address.key, headers=address.headers,
        timeout_s=address.timeout_s, price=address.price, mask=address.mask, ip=address.ip,
    )  # fmt: skip
    try:
        yield endpoint
    finally:
        await endpoint.close()
