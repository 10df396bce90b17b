"""An adapter on a running server, by a server that has the route as vLLM has it, and by ones that have not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from distill.errors import UsageError
from distill.records import Answer, Request
from distill.teacher.endpoint.address import Address, opened


class Served:
    """Answers as the models that it has; `route` is whether adapters can be loaded."""

    def __init__(self, *, route: bool = True) -> None:
        self.route, self.loaded, self.calls = route, dict[str, str](), 0

    async def load(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.calls += 1
        if body["lora_name"] in self.loaded:
            return web.json_response(
                {"message": f"The lora adapter '{body['lora_name']}' has already been loaded."}, status=400
            )
        if not Path(body["lora_path"]).is_dir():  # noqa: ASYNC240 - a test
            return web.json_response({"message": "No adapter found"}, status=404 if not self.route else 400)
        self.loaded[body["lora_name"]] = body["lora_path"]
        return web.Response(text="Success")

    async def chat(self, request: web.Request) -> web.Response:
        model = (await request.json())["model"]
        choice = {"message": {"role": "assistant", "content": f"I am {model}"}, "finish_reason": "stop"}
        return web.json_response(
            {"model": model, "choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 3}}
        )

    async def ask(self, adapter: Path, times: int = 1) -> list[Answer]:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self.chat)
        if self.route:
            app.router.add_post("/v1/load_lora_adapter", self.load)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        address = Address("mood-001", base_url=url, adapter=adapter / "adapter_model.safetensors", adapter_id="a1")
        request = Request(address.identity, {"messages": [{"role": "user", "content": "hi"}]})
        try:
            answers = []
            for _ in range(times):
                async with opened(address) as model:
                    answers.append(await model.answer(request))
            return answers
        finally:
            await runner.cleanup()


def test_the_student_answers_under_its_name_and_is_loaded_once(tmp_path: Path) -> None:
    server = Served()
    answers = asyncio.run(server.ask(tmp_path, times=2))
    assert [answer.text for answer in answers] == ["I am mood-001"] * 2
    assert server.loaded == {"mood-001": str(tmp_path)}
    assert server.calls == 2


def test_a_server_that_loads_none_is_told_with_how_to_start_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"loads no adapters while it runs \(404\); start vLLM with --enable-lora"):
        asyncio.run(Served(route=False).ask(tmp_path))


def test_a_folder_that_the_server_does_not_see_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"does not load the adapter .*400: .*No adapter found.* It has to see that folder"
    ):
        asyncio.run(Served().ask(tmp_path / "none"))


def test_another_adapter_is_another_model_to_the_store() -> None:
    first, second = (
        Address("m", base_url="http://h/v1", adapter=Path("a/x"), adapter_id=name) for name in ("a1", "a2")
    )
    assert first.identity != second.identity != Address("m", base_url="http://h/v1").identity
