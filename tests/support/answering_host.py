"""A host whose models answer: the real application, engines and batch worker, on a free port of 127.0.0.1."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from hosting import serving
from openai import OpenAI

from distill.base_model.local import config_of
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
    """A LoRA adapter with random weights on a llama, strong enough that its answers differ. Of the model's folder the config alone is read."""
    import numpy
    from peft import LoraConfig
    from safetensors.numpy import save_file

    model, draw = config_of(base), numpy.random.default_rng(seed)
    width, heads = model["hidden_size"], model["num_attention_heads"]
    rows = {"q_proj": width, "v_proj": width // heads * model["num_key_value_heads"]}
    weights = {}
    for layer in range(model["num_hidden_layers"]):
        for name, count in rows.items():
            stem = f"base_model.model.model.layers.{layer}.self_attn.{name}"
            weights[f"{stem}.lora_A.weight"] = draw.uniform(-(width**-0.5), width**-0.5, (8, width)).astype("float32")
            weights[f"{stem}.lora_B.weight"] = draw.normal(scale=strength, size=(count, 8)).astype("float32")
    LoraConfig(r=8, lora_alpha=16, target_modules=[*rows], task_type="CAUSAL_LM").save_pretrained(folder)
    save_file(weights, folder / "adapter_model.safetensors")
    return folder
