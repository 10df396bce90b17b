"""Memory of a base with ten tunes on it, by the engine that `distill host` gives the base: what each tune adds.

    python benchmarks/host_memory.py [--base embedded/smollm2-135m] [--tunes 10] [--rank 16]

The tunes have random weights on all projections of each layer, which takes as much as trained ones. Each is asked once, so that it is loaded;
then the memory of this process and of llama.cpp's is read. Prints one JSON object; exit code 1 where a tune adds more than the limit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from distill.host.home import Home
from distill.host.serving.answers import choice
from distill.host.serving.choose import Engines
from distill.host.serving.choose import choice as choice_of
from distill.host.serving.engine import ModelQuestion, ServedModel
from distill.host.settings import HostSettings
from distill.host.training.base import weights_of

MOST_MB = 100.0
_PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def tune(base: Path, folder: Path, rank: int, seed: int) -> Path:
    """An adapter with random weights, as peft saves it."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM

    from distill.base_model.quiet import quiet

    torch.manual_seed(seed)
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=_PROJECTIONS, task_type="CAUSAL_LM")
    with quiet():
        model = get_peft_model(AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(base)), config)
    for name, value in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(value, std=0.02)
    model.save_pretrained(folder)
    return folder


def held_mb(*pids: int) -> float:
    """Memory that processes hold by themselves or share, each shared page counted in parts (Linux)."""
    found = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        found += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return found / 1024


async def measured(base: str, folder: Path, tunes: int, rank: int) -> dict[str, Any]:
    """MB of the base alone, and after each tune."""
    home, settings = Home(folder), HostSettings(bases={"base": base})
    read = weights_of(base, home.bases).folder(weights=False)
    models = [ServedModel("base", "base")]
    models += [ServedModel(f"ft:{n}", "base", tune(read, folder / f"tune-{n}", rank, n)) for n in range(tunes)]
    engine, asked = (
        Engines(settings, home),
        ModelQuestion(messages=[{"role": "user", "content": "hello"}], max_tokens=4, seed=1),
    )
    taken, said = [], set()
    for model in models:
        said.add((await choice.whole(engine, model, asked)).text)
        taken.append(held_mb(*_pids(engine)))
    assert len(said) > tunes // 2, said  # the tunes answer, not the base in their place
    await engine.close()
    each = (taken[-1] - taken[1]) / (tunes - 1)
    return {
        "base": base, "engine": choice_of(settings, home, "base").engine, "rank": rank, "tunes": tunes,
        "base_mb": round(taken[0], 1), "with_tunes_mb": [round(one, 1) for one in taken[1:]], "each_tune_mb": round(each, 1),
        "most_mb": MOST_MB, "met": each <= MOST_MB,
    }  # fmt: skip


def _pids(engine: Engines) -> list[int]:
    import os

    server = getattr(engine.opened["base"], "server", None)
    return [os.getpid(), *([server.process.pid] if server is not None else [])]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="embedded/smollm2-135m")
    parser.add_argument("--tunes", type=int, default=10)
    parser.add_argument("--rank", type=int, default=16)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measured(given.base, Path(folder), given.tunes, given.rank))
    print(json.dumps(found, indent=2))
    return 0 if found["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
