"""An organisation's host as `adopt` reads it: its address, one client, and its faults as sentences without the key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.errors import AccessRefused, UsageError
from distill.student.hosts.host import HostAddress
from distill.student.hosts.job import explained
from distill.teacher.endpoint import models, sdk
from distill.teacher.endpoint.address import Address

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_TIMEOUT_S = 120.0
_READ_RETRIES = 4
"""Nothing is made at the host here, so every call may be sent again."""


def address_of(base_url: str | None, key_env: str, env: Mapping[str, str], model: str = "ft:") -> Address:
    """The host where OPENAI_BASE_URL, or an option, says that it is; UsageError or AccessRefused for what no call could use."""
    found = models.address(model, base_url, key_env, env, None, timeout_s=_TIMEOUT_S)
    if faults := found.faults():
        raise UsageError("; ".join(faults))
    if found.keyless:
        raise AccessRefused(
            f"{found.shown} needs a key, and ${key_env} is not set; export it, or name the variable that holds it: --key-env NAME"
        )
    return found


@asynccontextmanager
async def opened(at: Address) -> AsyncIterator[AsyncOpenAI]:
    """A client within the block, and what the host refuses in it put for a person."""
    host = HostAddress(at.base_url, at.key, at.headers, _TIMEOUT_S)
    made = sdk.client(at.base_url, at.key, at.headers, timeout_s=_TIMEOUT_S, retries=_READ_RETRIES)
    async with made as client:
        with explained(host, refused="refuses to tell", setting="--base-url or OPENAI_BASE_URL"):
            yield client


@dataclass(frozen=True, slots=True)
class KnownModel:
    """What the models route says of a model. A host that says nothing is taken to have it."""

    there: bool
    shutdown_date: str | None = None


async def look_up(client: AsyncOpenAI, model: str) -> KnownModel:
    """Ask the models route: a 404 that names the model says that it is gone, and one of a path says nothing."""
    from openai import APIStatusError, NotFoundError

    try:
        found = await client.models.retrieve(model)
    except NotFoundError as error:
        gone = error.code == "model_not_found" or (model in error.message and "exist" in error.message)
        return KnownModel(there=not gone)
    except APIStatusError as error:
        if error.status_code not in (403, 405, 501):
            raise
        return KnownModel(there=True)
    date = getattr(found, "shutdown_date", None)
    return KnownModel(there=True, shutdown_date=date[:10] if isinstance(date, str) else None)
