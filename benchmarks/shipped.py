"""One student in each form that it ships as, on the same rows: greedy answers that are the same, and what each form loses.

    python benchmarks/shipped.py [--most 100] [--kinds f16 q8_0 q4_k_m]
    python benchmarks/shipped.py --adapter runs/TASK/001/student/adapter --rows runs/TASK/001/test.jsonl [--base FOLDER|FILE.gguf]

Without an adapter one is trained on made rows first (a minute). The adapter on its base, by transformers in fp32, is what the others are held against: the
merged model in fp32, and a GGUF file of each kind by llama.cpp. An answer differs from its first token on that falls the other way, however
little the two logits were apart. Prints one JSON object with the goal; exit code 1 where it is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from students import base_folder, rows_of, write

from distill.base_model.generation import Generator
from distill.base_model.local import LocalWeights

MOST = 30
"""Tokens of an answer."""
MOST_DIFFERENT = 2
"""Answers of a hundred, of the forms that store the weights as training has them."""
WHOLE = ("merged", "f32", "f16")
EMBEDDED = "embedded/smollm2-135m"


def trained(rows: Sequence[dict[str, Any]], out: Path) -> Path:
    """An adapter of the embedded model that knows what rows of this kind are answered."""
    from distill.student.trainers.fine_tuning import TuningFiles, TuningSettings, train

    files = write(out / "train.jsonl", list(rows)), write(out / "valid.jsonl", list(rows[:8]))
    train(TuningFiles(base_folder(None), *files, out / "student"), TuningSettings(epochs=2))
    return out / "student" / "adapter"


def student_of(base: str, adapter: Path, scratch: Path) -> Any:
    from distill.ship.student import TunedStudent
    from distill.teacher.engines import embedded

    name = str(embedded.gguf()) if base == EMBEDDED else str(Path(base).resolve())
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


def forms_of(
    student: Any, kinds: Sequence[str], scratch: Path, asked: list[Any]
) -> dict[str, Callable[[], tuple[list[str], int]]]:
    """Form → what writes it and lets it answer: (answers, bytes)."""
    import torch
    from peft import PeftModel

    from distill.base_model import load
    from distill.ship import gguf_file, merged

    base = student.weights.folder()
    tokenizer = load.tokeniser(base)

    def adapter() -> tuple[list[str], int]:
        model = PeftModel.from_pretrained(load.model(base, dtype=torch.float32), student.tuned)
        return by_transformers(model, tokenizer, asked), size_of(student.tuned)

    def whole() -> tuple[list[str], int]:
        merged.write(student, scratch / "merged")
        model = load.model(scratch / "merged", dtype=torch.float32)
        return by_transformers(model, tokenizer, asked), size_of(scratch / "merged")

    def gguf(kind: str) -> tuple[list[str], int]:
        file = scratch / f"{kind}.gguf"
        gguf_file.write(student, kind, file)
        return by_llama_cpp(file, scratch / "cache", asked), file.stat().st_size

    return {"adapter": adapter, "merged": whole} | {kind: (lambda kind=kind: gguf(kind)) for kind in kinds}


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def measured(student: Any, kinds: Sequence[str], rows: Sequence[dict[str, Any]], scratch: Path) -> dict[str, Any]:
    asked = [[turn for turn in row["messages"] if turn["role"] != "assistant"] for row in rows]
    wanted = [row["messages"][-1]["content"] for row in rows if row["messages"][-1]["role"] == "assistant"]
    found, told = dict[str, list[str]](), dict[str, dict[str, Any]]()
    for name, answer in forms_of(student, kinds, scratch, asked).items():
        started = time.perf_counter()
        texts, size = answer()
        found[name] = [text.strip() for text in texts]
        same = sum(one == other for one, other in zip(found["adapter"], found[name], strict=True))
        right = sum(one == other for one, other in zip(found[name], wanted, strict=True)) if wanted else None
        told[name] = {
            "same_as_adapter": same,
            "right": right,
            "mb": round(size / 1e6, 1),
            "seconds": round(time.perf_counter() - started, 1),
        }
    allowed = len(rows) * MOST_DIFFERENT // 100
    return {
        "rows": len(rows), "distinct_answers": len(set(found["adapter"])), "forms": told,
        "goal": f"{', '.join(name for name in WHOLE if name in told)}: at most {allowed} of {len(rows)} answers are not those of the adapter",
        "met": all(len(rows) - told[name]["same_as_adapter"] <= allowed for name in WHOLE if name in told),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--adapter", type=Path, help="a folder as peft reads it; default: one is trained")
    parser.add_argument("--rows", type=Path, help="chat rows that are asked, such as test.jsonl; default: made ones")
    parser.add_argument("--train", type=int, default=96, help="made rows that it is trained on")
    parser.add_argument("--most", type=int, default=100, help="rows that are asked")
    parser.add_argument("--base", default=EMBEDDED, help="of the adapter: a folder or a *.gguf file")
    parser.add_argument("--kinds", nargs="*", default=["f16", "q8_0", "q4_k_m"])
    given = parser.parse_args()
    made = rows_of(given.train + given.most)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        rows = (
            [json.loads(line) for line in given.rows.read_text("utf-8").splitlines()]
            if given.rows
            else made[given.train :]
        )
        adapter = given.adapter or trained(made[: given.train], scratch)
        student = student_of(given.base, adapter.resolve(), scratch)
        found = measured(student, given.kinds, rows[: given.most], scratch)
    print(json.dumps(found, indent=2))
    if not found["met"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
