"""What an endpoint says of a model of its own."""

from __future__ import annotations

from distill.teacher.endpoint import sdk
from distill.teacher.endpoint.address import Address


async def shutdown_date(address: Address) -> str | None:
    """The day on which the model is shut down, None where the endpoint does not tell (most do not) or does not answer."""
    if address.local:
        return None
    from openai import OpenAIError

    try:
        async with sdk.client(address.url, address.key, address.headers, timeout_s=10, retries=1) as client:
            found = await client.models.retrieve(address.model)
    except (OpenAIError, ValueError):
        return None
    except Exception as fault:
        if sdk.unsent(fault):
            return None
        raise
    date = getattr(found, "shutdown_date", None)
    return address.mask.text(date) if isinstance(date, str) else None
