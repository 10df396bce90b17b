"""Students on this machine: training beside a bare TRL script, its padding, and answers beside one call at a time.

    python benchmarks/students.py --way training|padding|answers [--rows 96] [--base FOLDER]

Every ratio compares the two in one run, on the same rows, base and settings. The base is the embedded model as a folder of transformers,
where none is named. Prints one JSON object with the goal beside what was measured; exit code 1 where a goal is missed.
`killed_trainings.py` kills a training, `arm_speed.py` asks four arms of the example task.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

WORDS = ["lamp", "river", "copper", "Tuesday", "onion", "violin", "gravel", "passport", "thunder", "biscuit", "ladder"]
LEAST_OF_TRL, MOST_PADDING, LEAST_TIMES = 0.95, 0.10, 3.0
ALONE = 12
"""Rows of an arm that are asked one at a time; the rate of these is counted for all."""
MOST = 24
"""Tokens of an answer."""


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
    """Tokens a second of our training, and of TRL with the same settings, each from its rows to what it keeps."""
    from distill.student.trainers.fine_tuning import TuningFiles, TuningSettings, train

    settings = TuningSettings(epochs=2, layers=None)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = write(folder / "train.jsonl", rows), write(folder / "valid.jsonl", rows[:16])
        few = write(folder / "few.jsonl", rows[:8])
        train(TuningFiles(base, few, few, folder / "warm"), settings)  # imports, kernels, the disk's cache
        started = time.perf_counter()
        ours = train(TuningFiles(base, *files, folder / "student"), settings)
        ours_s = time.perf_counter() - started
        started = time.perf_counter()
        with contextlib.redirect_stdout(sys.stderr):  # it prints each step
            theirs_tokens = bare_trl(base, rows, folder / "bare")
        theirs_s = time.perf_counter() - started
    ratio = ours.tokens / ours_s / (theirs_tokens / theirs_s)
    return {
        "rows": len(rows), "tokens": ours.tokens, "tokens_of_trl": theirs_tokens, "seconds": round(ours_s, 1), "seconds_of_trl": round(theirs_s, 1),
        "tokens_a_second": round(ours.tokens / ours_s, 1), "bare_trl": round(theirs_tokens / theirs_s, 1), "ratio": round(ratio, 3),
        "goal": f"ratio at least {LEAST_OF_TRL}", "met": ratio >= LEAST_OF_TRL,
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


def padding(base: Path, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Share of the places in our batches that hold no token."""
    from distill.base_model import load
    from distill.base_model.tokenise import tokens_of
    from distill.student.trainers.batches import by_length

    tokenizer = load.tokeniser(base)
    lengths = [len(tokens_of(row["messages"], tokenizer).input_ids) for row in rows]
    order = list(by_length(lengths, 8, seed=0))
    batches = [[lengths[row] for row in order[start : start + 8]] for start in range(0, len(order), 8)]
    share = 1 - sum(lengths) / sum(max(batch) * len(batch) for batch in batches)
    return {
        "rows": len(rows), "shortest": min(lengths), "longest": max(lengths), "padding": round(share, 4),
        "goal": f"padding at most {MOST_PADDING:.0%}", "met": share <= MOST_PADDING,
    }  # fmt: skip


def answers(base: Path, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Answers a second of two arms, base and student, and of transformers' `generate` called for one prompt at a time."""
    from distill.base_model import generation

    with tempfile.TemporaryDirectory() as scratch:
        arms = {
            "base": generation.generator(base),
            "student": generation.generator(base, drawn_adapter(base, Path(scratch))),
        }
    asked = {arm: [made.prompt(row["messages"][:-1], MOST) for row in rows] for arm, made in arms.items()}
    for arm, made in arms.items():
        made.write(asked[arm][:2])  # kernels and memory
    started = time.perf_counter()
    together = {arm: [one.text for one in made.write(asked[arm])] for arm, made in arms.items()}
    ours_s = time.perf_counter() - started
    step = max(1, len(rows) // ALONE)
    started = time.perf_counter()
    alone = {arm: [one_call(made, prompt) for prompt in asked[arm][::step]] for arm, made in arms.items()}
    theirs_s = time.perf_counter() - started
    count = sum(len(texts) for texts in alone.values())
    ours, theirs = len(rows) * len(arms) / ours_s, count / theirs_s
    same = sum(one == text for arm in arms for one, text in zip(together[arm][::step], alone[arm], strict=True))
    return {
        "rows": len(rows), "arms": len(arms), "answers_a_second": round(ours, 2), "one_at_a_time": round(theirs, 2),
        "timed_one_at_a_time": count, "same_text": f"{same} of {count}", "ratio": round(ours / theirs, 2),
        "goal": f"ratio at least {LEAST_TIMES}", "met": ours / theirs >= LEAST_TIMES,
    }  # fmt: skip


def drawn_adapter(base: Path, out: Path) -> Path:
    """An adapter on every layer, as training would begin with it."""
    from peft import get_peft_model_state_dict

    from distill.student.trainers.adapter_weights import save_adapter, with_adapter
    from distill.student.trainers.fine_tuning import TuningSettings

    model = with_adapter(base, TuningSettings(layers=None))
    return save_adapter(model, get_peft_model_state_dict(model), out / "adapter")


def one_call(made: Any, prompt: Any) -> str:
    """As a user of transformers asks one row."""
    import torch

    from distill.base_model.chat_format import chat_format

    ids = torch.tensor([prompt.ids])
    with torch.inference_mode():
        out = made.model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=MOST, do_sample=False,
            eos_token_id=list(chat_format(made.tokenizer).stops),
        )  # fmt: skip
    return str(made.tokenizer.decode(out[0, len(prompt.ids) :], skip_special_tokens=True))


WAYS: Mapping[str, tuple[Callable[[Path, list[dict[str, Any]]], dict[str, Any]], int]] = {
    "training": (training, 96), "padding": (padding, 96), "answers": (answers, 150),
}  # fmt: skip
"""What is measured, and on how many rows."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, help="default: 96 to train on, 150 to answer")
    parser.add_argument("--base", help="a folder of transformers; default: the embedded model")
    parser.add_argument("--way", choices=list(WAYS), help="only this one")
    given = parser.parse_args()
    base = base_folder(given.base)
    found = {
        name: measure(base, rows_of(given.rows or count))
        for name, (measure, count) in WAYS.items()
        if given.way in (None, name)
    }
    print(json.dumps(found, indent=2))
    if not all(result["met"] for result in found.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
