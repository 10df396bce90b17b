"""LiteLLM's configuration: what it says, and where the proxy is installed what it does over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from echoes import echoing
from route_folders import PLAN, SCHEMA, TEXTS, by_words

from distill.ship.routes import gateway

LITELLM = os.environ.get("LITELLM") or shutil.which("litellm")
FORM = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA}}
KEYS = {
    "STUDENT_API_KEY": "sk-of-the-student",
    "OPENAI_API_KEY": "sk-of-the-teacher",
    "LITELLM_MASTER_KEY": "sk-master",
}


def test_student_first_and_no_key_in_it() -> None:
    text = gateway.config(PLAN).decode()
    found = yaml.safe_load(text)
    student, teacher = found["model_list"]
    assert (student["model_name"], teacher["model_name"]) == ("mood", "mood-teacher")
    assert student["litellm_params"]["api_base"] == "os.environ/STUDENT_BASE_URL"
    assert teacher["litellm_params"]["api_key"] == "os.environ/OPENAI_API_KEY"
    assert "api_base" not in teacher["litellm_params"], "OpenAI's own address is the proxy's"
    assert found["router_settings"]["fallbacks"] == [{"mood": ["mood-teacher"]}]
    assert gateway.variables(PLAN) == ["STUDENT_BASE_URL", "STUDENT_API_KEY", "OPENAI_API_KEY", "LITELLM_MASTER_KEY"]


def test_a_student_at_a_host_has_its_address_and_its_key() -> None:
    hosted = replace(
        PLAN, student=replace(PLAN.student, model="ft:tiny", base_url="https://host.example/v1", key_env="HOST_KEY")
    )
    student = yaml.safe_load(gateway.config(hosted))["model_list"][0]["litellm_params"]
    assert (student["model"], student["api_base"]) == ("openai/ft:tiny", "https://host.example/v1")
    assert student["api_key"] == "os.environ/HOST_KEY"
    assert gateway.variables(hosted) == ["HOST_KEY", "OPENAI_API_KEY", "LITELLM_MASTER_KEY"]


@contextlib.asynccontextmanager
async def proxy(config: Path, port: int, env: Mapping[str, str]) -> AsyncIterator[Callable[[Any], Awaitable[str]]]:
    """LiteLLM with a configuration, as a function that asks it; it is given three minutes to start, and ended."""
    import aiohttp

    known = {
        "PATH": os.environ["PATH"],
        "HOME": str(config.parent),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }  # it fetches prices else
    words = [str(LITELLM), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    started = await asyncio.create_subprocess_exec(*words, env={**known, **env}, stdout=asyncio.subprocess.DEVNULL)
    at, key = f"http://127.0.0.1:{port}", {"authorization": f"Bearer {KEYS['LITELLM_MASTER_KEY']}"}
    async with aiohttp.ClientSession(headers=key) as session:

        async def up() -> bool:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{at}/health/liveliness") as response:
                    return response.status == 200
            return False

        async def ask(body: Any) -> str:
            async with session.post(f"{at}/v1/chat/completions", json=body) as response:
                assert response.status == 200, await response.text()
                return str((await response.json())["choices"][0]["message"]["content"])

        try:
            async with asyncio.timeout(180):
                while not await up():
                    assert started.returncode is None
                    await asyncio.sleep(0.5)
            yield ask
        finally:
            started.terminate()
            await started.wait()


@pytest.mark.slow
@pytest.mark.skipif(
    not LITELLM, reason="LiteLLM is not installed; its proxy in a venv of its own: LITELLM=VENV/bin/litellm"
)
async def test_the_proxy_asks_the_student_and_takes_the_fallback(tmp_path: Path) -> None:
    """A student that is down, and one that breaks the schema that the request brought, go to the teacher; an unsure one does not."""
    came: list[tuple[str, str]] = []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def reply(headers: Mapping[str, str], body: Any) -> tuple[int, bytes]:
        if body is None:  # the proxy looks for the models
            return 404, b"{}"
        came.append((body["model"], headers["authorization"].removeprefix("Bearer ")))
        return by_words(dict(headers), body)

    asked = {"": ["mood"], " down": ["mood", "big-1"], " broken": ["mood", "big-1"], " perhaps": ["mood"]}
    async with echoing(reply) as (url, _):
        config = tmp_path / "litellm.yaml"
        config.write_bytes(gateway.config(replace(PLAN, other=replace(PLAN.other, base_url=url))))
        async with proxy(config, port, {**KEYS, "STUDENT_BASE_URL": url}) as ask:
            for ending, models in asked.items():
                came.clear()
                said = await ask(
                    {
                        "model": "mood",
                        "messages": [{"role": "user", "content": TEXTS[3] + ending}],
                        "response_format": FORM,
                    }
                )
                assert [model for model, _ in came] == models, ending
                assert said == ('{"mood": "glad"}' if len(models) == 2 else '{"mood": "cross"}')
                assert {"mood": KEYS["STUDENT_API_KEY"], "big-1": KEYS["OPENAI_API_KEY"]}[came[-1][0]] == came[-1][1]
