"""A LoRA adapter, put on the base that a running vLLM serves, by its own route for that.

POST URL/load_lora_adapter {"lora_name": …, "lora_path": …}
"""

from __future__ import annotations

from pathlib import Path

from distill.errors import UsageError

_THERE = "already been loaded"
_HOW = "start vLLM with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=1, or leave {} out"


async def load(url: str, key: str | None, name: str, adapter: Path, *, setting: str = "student.serve") -> None:
    """Have the server at `url` (it ends in /v1) answer as `name` with the adapter of a folder; one that it has already is as good.
    `setting` is what named the server.
    """
    import aiohttp

    headers = {"authorization": f"Bearer {key}"} if key else {}
    body = {"lora_name": name, "lora_path": str(Path.cwd() / adapter)}
    try:
        async with (
            aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=300)) as session,
            session.post(f"{url.rstrip('/')}/load_lora_adapter", json=body, allow_redirects=False) as response,
        ):
            status, said = response.status, (await response.text())[:300]
    except (aiohttp.ClientError, OSError, TimeoutError) as fault:
        raise UsageError(f"{setting} {url} cannot be reached ({type(fault).__name__}); is the server up?") from None
    if status == 200 or _THERE in said:
        return
    if status in (404, 405):
        raise UsageError(f"the server at {url} loads no adapters while it runs ({status}); {_HOW.format(setting)}")
    raise UsageError(
        f"the server at {url} does not load the adapter {adapter}: {status}: {said}. It has to see that folder"
    )
