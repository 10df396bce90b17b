"""What an endpoint says of a model of its own."""

from __future__ import annotations

from distill.teacher.endpoints import Address


async def shutdown_date(address: Address) -> str | None:
    """The day on which the model is shut down, None where the endpoint does not tell (most do not) or does not answer."""
    if address.local:
        return None
    from openai import AsyncOpenAI, OpenAIError

    client = AsyncOpenAI(
        api_key=address.key or "none", base_url=address.base_url, default_headers=dict(address.headers), timeout=10, max_retries=1
    )  # fmt: skip
    try:
        async with client:
            found = await client.models.retrieve(address.model)
    except (OpenAIError, ValueError):
        return None
    date = getattr(found, "shutdown_date", None)
    return date if isinstance(date, str) else None
