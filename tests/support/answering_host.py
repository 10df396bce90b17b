"""A host whose models answer: the real application, engines and batch worker, on a free port of 127.0.0.1."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from hosting import serving
from openai import OpenAI

from distill.host.app import app_of
from distill.host.home import Home
from distill.host.host import Host
from distill.host.routes import batches as batch_routes
from distill.host.routes import chat, completions, embeddings
from distill.host.routes import files as file_routes
from distill.host.routes import models as model_routes
from distill.host.serving.answers.answerer import Answerer
from distill.host.serving.batches.worker import BatchWorker
from distill.host.serving.choose import Engines
from distill.host.settings import HostSettings
from distill.host.state import batches, files, models, uploads
from distill.host.state.database import Database

ROUTES = (
    *chat.ROUTES, *completions.ROUTES, *embeddings.ROUTES, *model_routes.ROUTES, *batch_routes.ROUTES, *file_routes.ROUTES,
)  # fmt: skip
SCHEMAS = (files.SCHEMA, uploads.SCHEMA, models.SCHEMA, batches.SCHEMA)


@dataclass(frozen=True, slots=True)
class Answering:
    url: str
    port: int
    host: Host
    client: OpenAI


@contextmanager
def answering(folder: Path, bases: Mapping[str, str], **settings: object) -> Iterator[Answering]:
    """A host of some bases, in a folder that may have been another's before."""
    home, told = Home(folder), HostSettings(bases=bases, **settings)  # type: ignore[arg-type]  # settings by their names
    db = Database(home.database, SCHEMAS)
    host = Host(told, home, db, Engines(told, home), None)  # type: ignore[arg-type]  # nothing is trained here

    @asynccontextmanager
    async def during() -> AsyncIterator[None]:
        working = asyncio.create_task(BatchWorker(home, Answerer(told, db, host.engine)).run())
        yield
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        await host.engine.close()

    try:
        with (
            serving(app_of(host, ROUTES, during=during)) as (url, port),
            OpenAI(base_url=url, api_key="any", max_retries=0, timeout=60) as client,
        ):
            yield Answering(url, port, host, client)
    finally:
        db.close()


def adapter(base: Path, folder: Path, *, seed: int = 1, strength: float = 1.0) -> Path:
    """A LoRA adapter with random weights on a model's folder, strong enough that its answers differ."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from distill.base_model.quiet import quiet

    torch.manual_seed(seed)
    config = LoraConfig(r=8, lora_alpha=16, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    with quiet():
        model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), config)
    for name, value in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(value, std=strength)
    model.save_pretrained(folder)
    return folder
