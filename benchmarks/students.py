"""Students on this machine: training beside a bare TRL script, answers beside one call at a time, and trainings that are killed.

    .venv/bin/python benchmarks/students.py [--rows 96] [--base FOLDER] [--way training|answers|kills]

Every ratio compares the two in one run, on the same rows, base and settings. The base is the embedded model as a folder of transformers,
where none is named.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

WORDS = ["lamp", "river", "copper", "Tuesday", "onion", "violin", "gravel", "passport", "thunder", "biscuit", "ladder"]
MARGIN_LOSS = 0.02
"""Of the validation loss: what a killed training may be apart from one that was not."""


def rows_of(count: int) -> list[dict[str, Any]]:
    """Chat rows of mixed lengths; the answer can be learnt."""
    rows = []
    for n in range(count):
        text = " ".join(WORDS[(n * step + n // 11) % 11] for step in range(1, 6 + 9 * (n % 9)))
        answer = json.dumps({"first": text.split()[0], "long": len(text) > 150})
        turns = [
            ("system", "Say the first word, and whether the text is long."),
            ("user", f"{n * 7919} {text}"),
            ("assistant", answer),
        ]
        rows.append({"messages": [{"role": role, "content": content} for role, content in turns]})
    return rows


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def base_folder(given: str | None) -> Path:
    if given:
        return Path(given)
    from distill.base_model import dequantised
    from distill.teacher.engines import embedded

    return dequantised.dequantised(embedded.gguf(), Path(".distill/base"))


def training(base: Path, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Tokens a second of our training, and of TRL with the same settings; padding of our batches."""
    from distill.student.trainers.fine_tuning import TuningSettings, train

    settings = TuningSettings(epochs=2, layers=None)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = write(folder / "train.jsonl", rows), write(folder / "valid.jsonl", rows[:16])
        started = time.perf_counter()
        ours = train(base=base, train=files[0], valid=files[1], out=folder / "student", settings=settings)
        ours_s = time.perf_counter() - started
        started = time.perf_counter()
        theirs_tokens = bare_trl(base, rows, folder / "bare")
        theirs_s = time.perf_counter() - started
    return {
        "tokens": ours.tokens, "tokens_a_second": round(ours.tokens / ours_s, 1), "bare_trl": round(theirs_tokens / theirs_s, 1),
        "ratio": round(ours.tokens / ours_s / (theirs_tokens / theirs_s), 3), "padding": round(padding(base, rows), 4),
    }  # fmt: skip


def bare_trl(base: Path, rows: list[dict[str, Any]], out: Path) -> int:
    """What a user would write with TRL: prompt and completion, the same LoRA, batch, rate and precision; its tokens."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    from distill.base_model import load

    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=load.native_dtype())
    data = Dataset.from_list([{"prompt": row["messages"][:-1], "completion": row["messages"][-1:]} for row in rows])
    arguments = SFTConfig(
        output_dir=str(out), per_device_train_batch_size=8, num_train_epochs=2, learning_rate=2e-3, lr_scheduler_type="cosine",
        warmup_steps=0.05, logging_steps=1, report_to="none", disable_tqdm=True, max_length=None, gradient_checkpointing=False,
        use_cpu=not torch.cuda.is_available(), bf16=False, eval_strategy="epoch", save_strategy="epoch", train_sampling_strategy="group_by_length",
    )  # fmt: skip
    lora = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    trainer = SFTTrainer(
        model=model,
        args=arguments,
        train_dataset=data,
        eval_dataset=data.select(range(16)),
        processing_class=tokenizer,
        peft_config=lora,
    )
    trainer.train()
    return 2 * sum(len(row["input_ids"]) for row in trainer.train_dataset)


def padding(base: Path, rows: list[dict[str, Any]]) -> float:
    """Share of the places in our batches that hold no token."""
    from distill.base_model import load
    from distill.base_model.tokenise import tokens_of
    from distill.student.trainers.batches import by_length

    tokenizer = load.tokeniser(base)
    lengths = [len(tokens_of(row["messages"], tokenizer).input_ids) for row in rows]
    order = list(by_length(lengths, 8, seed=0))
    batches = [[lengths[row] for row in order[start : start + 8]] for start in range(0, len(order), 8)]
    return 1 - sum(lengths) / sum(max(batch) * len(batch) for batch in batches)


def answers(base: Path, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Answers a second of a batch, and of transformers' `generate` called for one prompt at a time."""
    import torch

    from distill.base_model import generation
    from distill.base_model.chat_format import chat_format

    made = generation.generator(base)
    prompts = [made.prompt(row["messages"][:-1], 24) for row in rows]
    made.write(prompts[:2])  # kernels and memory
    started = time.perf_counter()
    together = made.write(prompts)
    ours_s = time.perf_counter() - started
    stops, alone, few = list(chat_format(made.tokenizer).stops), [], prompts[: max(8, len(prompts) // 4)]
    started = time.perf_counter()
    for prompt in few:
        with torch.inference_mode():
            ids = torch.tensor([prompt.ids])
            out = made.model.generate(
                ids, attention_mask=torch.ones_like(ids), max_new_tokens=24, do_sample=False, eos_token_id=stops
            )
        alone.append(made.tokenizer.decode(out[0, len(prompt.ids) :], skip_special_tokens=True))
    theirs_s = time.perf_counter() - started
    ours, theirs = len(prompts) / ours_s, len(few) / theirs_s
    same = sum(one.text == text for one, text in zip(together, alone, strict=False))
    return {
        "rows": len(prompts), "answers_a_second": round(ours, 2), "one_at_a_time": round(theirs, 2), "ratio": round(ours / theirs, 2),
        "same_text": f"{same} of {len(few)}",
    }  # fmt: skip


def kills(base: Path, rows: list[dict[str, Any]], count: int = 5) -> dict[str, Any]:
    """A training killed `count` times beside one that was not: losses, and how many steps were trained."""
    from distill.student.trainers.fine_tuning import TuningSettings

    settings = TuningSettings(epochs=2, layers=2)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write(folder / "train.jsonl", rows)
        write(folder / "valid.jsonl", rows[:16])
        steps = 2 * -(-len(rows) // 8)
        whole = one_training(base, folder, "whole", settings, None)
        died = [max(1, steps * n // (count + 1)) for n in range(1, count + 1)]
        for at in died:
            one_training(base, folder, "killed", settings, at)
        killed = one_training(base, folder, "killed", settings, None)
        lines = (folder / "killed.steps").read_text().split()
    apart = abs(killed["valid_loss"] - whole["valid_loss"])
    again = len(lines) - len(set(lines))
    return {
        "steps": steps, "kills": died, "steps_trained_again": again, "valid_loss": whole["valid_loss"], "valid_loss_killed": killed["valid_loss"],
        "apart": round(apart, 5), "broken_promises": [] if apart <= MARGIN_LOSS * whole["valid_loss"] else ["the losses are apart"],
    }  # fmt: skip


def one_training(base: Path, folder: Path, name: str, settings: Any, die_at: int | None) -> dict[str, Any]:
    """In a process of its own, which kills itself once it logs that step."""
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_train, args=(base, folder, name, settings, die_at))
    process.start()
    process.join()
    if die_at is None and process.exitcode != 0:
        sys.exit(f"the training {name} ended with {process.exitcode}")
    result = folder / f"{name}.json"
    return dict(json.loads(result.read_text())) if result.exists() else {}


def _train(base: Path, folder: Path, name: str, settings: Any, die_at: int | None) -> None:
    from distill.student.trainers.fine_tuning import train
    from distill.student.trainers.progress.loss_curve import TrainStep

    def logged(step: TrainStep, _left_s: float | None) -> None:
        if step.train_loss is None:
            return
        with (folder / f"{name}.steps").open("a") as file:
            file.write(f"{step.step}\n")
        if step.step == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    found = train(
        base=base,
        train=folder / "train.jsonl",
        valid=folder / "valid.jsonl",
        out=folder / name,
        settings=settings,
        on_step=logged,
    )
    (folder / f"{name}.json").write_text(json.dumps({"valid_loss": round(found.valid_loss, 6)}))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=96)
    parser.add_argument("--base", help="a folder of transformers; default: the embedded model")
    parser.add_argument("--way", choices=["training", "answers", "kills"], help="only this one")
    given = parser.parse_args()
    base, rows = base_folder(given.base), rows_of(given.rows)
    ways = {"training": training, "answers": answers, "kills": kills}
    found = {name: measure(base, rows) for name, measure in ways.items() if given.way in (None, name)}
    print(json.dumps(found, indent=2))
    if any(result.get("broken_promises") for result in found.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
