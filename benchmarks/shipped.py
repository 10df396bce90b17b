"""One student in each form that it ships as, on the same rows: greedy answers that are the same, letter by letter.

    .venv/bin/python benchmarks/shipped.py --adapter runs/TASK/001/student/adapter --rows runs/TASK/001/test.jsonl [--base FOLDER|FILE.gguf]

The adapter on its base, by transformers in fp32, is what the others are held against: the merged model in fp32, and a GGUF file as f32, f16 and
q8_0 by llama.cpp. An answer differs from its first token on that falls the other way, however little the two logits were apart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from distill.base_model.generation import Generator
from distill.base_model.local import LocalWeights

MOST = 30
"""Tokens of an answer."""


def student_of(base: str, adapter: Path, scratch: Path) -> Any:
    from distill.ship.student import TunedStudent
    from distill.teacher.engines import embedded

    name = str(embedded.gguf()) if base == embedded.MODEL else str(Path(base).resolve())
    weights = LocalWeights(name, scratch, Path(".distill/base"))
    return TunedStudent(
        task="student", run="student/001", about="", base=base, weights=weights, tuned=adapter, prompt=(), teacher="", terms="",
        schema=None, comparison=None,
    )  # fmt: skip


def by_transformers(model: Any, tokenizer: Any, asked: list[Any]) -> list[str]:
    made = Generator(model.eval(), tokenizer)
    return [one.text for one in made.write([made.prompt(turns, MOST) for turns in asked])]


def by_llama_cpp(file: Path, cache: Path, asked: list[Any]) -> list[str]:
    from distill.records import Request
    from distill.teacher.engines import gguf_model

    async def answers() -> list[str]:
        async with gguf_model.serving(LocalWeights(str(file), file.parent, cache), None) as client:
            bodies = [{"messages": turns, "max_tokens": MOST} for turns in asked]
            return [(await client.answer(Request("here", body))).text for body in bodies]

    return asyncio.run(answers())


def measured(given: argparse.Namespace) -> dict[str, Any]:
    import torch
    from peft import PeftModel

    from distill.base_model import load
    from distill.ship import gguf_file, merged

    lines = given.rows.read_text(encoding="utf-8").splitlines()[: given.most]
    asked = [[turn for turn in json.loads(line)["messages"] if "weight" not in turn] for line in lines]
    with tempfile.TemporaryDirectory() as folder:
        scratch, found, seconds = Path(folder), dict[str, list[str]](), dict[str, float]()
        student = student_of(given.base, given.adapter.resolve(), scratch)
        base = student.weights.folder()
        tokenizer = load.tokeniser(base)

        def tell(name: str, started: float) -> None:
            seconds[name] = round(time.perf_counter() - started, 1)

        started = time.perf_counter()
        found["adapter"] = by_transformers(
            PeftModel.from_pretrained(load.model(base, dtype=torch.float32), student.tuned), tokenizer, asked
        )
        tell("adapter", started)
        started = time.perf_counter()
        merged.write(student, scratch / "merged")
        found["merged"] = by_transformers(load.model(scratch / "merged", dtype=torch.float32), tokenizer, asked)
        tell("merged", started)
        for kind in given.kinds:
            started = time.perf_counter()
            gguf_file.write(student, kind, scratch / f"{kind}.gguf")
            found[kind] = by_llama_cpp(scratch / f"{kind}.gguf", scratch / "cache", asked)
            (scratch / f"{kind}.gguf").unlink()
            tell(kind, started)
    same = {
        name: sum(one.strip() == other.strip() for one, other in zip(found["adapter"], texts, strict=True))
        for name, texts in found.items()
        if name != "adapter"
    }
    return {
        "rows": len(asked),
        "distinct_answers": len(set(found["adapter"])),
        "same_as_the_adapter": same,
        "seconds": seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--adapter", type=Path, required=True, help="a folder as peft reads it")
    parser.add_argument(
        "--rows", type=Path, required=True, help="chat rows that end with what is asked, such as test.jsonl"
    )
    parser.add_argument("--most", type=int, default=100, help="rows that are asked")
    parser.add_argument("--base", default="embedded/smollm2-135m", help="a folder or a *.gguf file")
    parser.add_argument("--kinds", nargs="*", default=["f32", "f16", "q8_0"])
    print(json.dumps(measured(parser.parse_args()), indent=2))


if __name__ == "__main__":
    main()
