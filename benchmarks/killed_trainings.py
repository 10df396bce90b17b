"""A training that is killed five times beside one that is not: losses, weights, answers, and steps that were trained twice.

    python benchmarks/killed_trainings.py [--rows 96] [--kills 5] [--base FOLDER]

Each training is a process of its own, which kills itself (SIGKILL) once it has logged a step; the next one goes on from the last whole
checkpoint. A step that is trained again must stand after that checkpoint. Both adapters then answer rows that nobody trained on.
Prints one JSON object with the goals; exit code 1 where one is missed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from students import MOST, base_folder, rows_of, write

MOST_APART = 0.02
"""Of the validation loss: what a killed training may be apart from one that was not."""
ASKED = 32
NAMES = ("whole", "killed")
LAYERS = 4
"""Layers that learn: what is below them is computed once, so that a training takes seconds."""


def measured(base: Path, count: int, kills: int) -> dict[str, Any]:
    rows, steps = rows_of(count + ASKED), 2 * -(-count // 8)
    held_out = rows[count:]
    died = [max(1, steps * n // (kills + 1)) for n in range(1, kills + 1)]
    with tempfile.TemporaryDirectory() as scratch:
        folder, went_on = Path(scratch), list[int]()
        write(folder / "train.jsonl", rows[:count])
        write(folder / "valid.jsonl", held_out)
        one_training(base, folder, "whole", None)
        for at in died:
            one_training(base, folder, "killed", at)
            went_on.append(began(folder, at))
        one_training(base, folder, "killed", None)
        trained = logged(folder, "killed")
        losses, adapters = (
            [loss(folder / f"{name}.json") for name in NAMES],
            [folder / name / "adapter" for name in NAMES],
        )
        texts, far = [answered(base, adapter, held_out) for adapter in adapters], weights_apart(*adapters)
    again, apart, right = (
        before_the_checkpoint(trained, went_on),
        abs(losses[1] - losses[0]),
        [correct(one, held_out) for one in texts],
    )
    return {
        "steps": steps, "killed_at": died, "went_on_from": went_on, "steps_trained": sum(map(len, trained)),
        "steps_trained_twice_before_a_checkpoint": again, "valid_loss": losses[0], "valid_loss_killed": losses[1],
        "largest_difference_of_a_weight": far, "answers_right": right[0], "answers_right_killed": right[1],
        "same_answers": f"{sum(one == other for one, other in zip(*texts, strict=True))} of {ASKED}",
        "goal": f"0 steps twice; losses at most {MOST_APART:.0%} apart; at most 1 of {ASKED} answers fewer right",
        "met": not again and apart <= MOST_APART * losses[0] and right[0] - right[1] <= 1,
    }  # fmt: skip


def loss(file: Path) -> float:
    return float(json.loads(file.read_text())["valid_loss"])


def correct(texts: Sequence[str], rows: Sequence[dict[str, Any]]) -> int:
    return sum(text.strip() == row["messages"][-1]["content"] for text, row in zip(texts, rows, strict=True))


def before_the_checkpoint(trained: Sequence[Sequence[int]], went_on: Sequence[int]) -> int:
    """Steps that a training did although the checkpoint that it began with held them."""
    return sum(sum(step <= at for step in steps) for steps, at in zip(trained[1:], went_on, strict=True))


def began(folder: Path, died: int) -> int:
    """The step of the last checkpoint at a death, from which the next training begins."""
    kept = folder / "killed" / "checkpoints"
    steps = [int(re.sub(r"\D", "", path.parent.name)) for path in kept.glob("checkpoint-*/trainer_state.json")]
    assert max(steps, default=0) <= died
    return max(steps, default=0)


def logged(folder: Path, name: str) -> list[list[int]]:
    """The steps of each process, in order."""
    blocks = (folder / f"{name}.steps").read_text().split("begun\n")[1:]
    return [[int(word) for word in block.split()] for block in blocks]


def weights_apart(one: Path, other: Path) -> float:
    from safetensors.torch import load_file

    a, b = (load_file(folder / "adapter_model.safetensors") for folder in (one, other))
    return max(float((a[name].float() - b[name].float()).abs().max()) for name in a)


def answered(base: Path, adapter: Path, rows: Sequence[dict[str, Any]]) -> list[str]:
    from distill.base_model import generation

    made = generation.generator(base, adapter)
    return [one.text for one in made.write([made.prompt(row["messages"][:-1], MOST) for row in rows])]


def one_training(base: Path, folder: Path, name: str, die_at: int | None) -> None:
    """In a process of its own, which kills itself once it logs that step."""
    process = multiprocessing.get_context("spawn").Process(target=_train, args=(base, folder, name, die_at))
    process.start()
    process.join()
    wanted = 0 if die_at is None else -signal.SIGKILL
    if process.exitcode != wanted:
        sys.exit(f"the training {name} ended with {process.exitcode}, expected {wanted}")


def _train(base: Path, folder: Path, name: str, die_at: int | None) -> None:
    from distill.student.trainers.fine_tuning import TuningFiles, TuningSettings, train
    from distill.student.trainers.progress.loss_curve import TrainStep

    def note(word: object) -> None:
        with (folder / f"{name}.steps").open("a") as file:
            file.write(f"{word}\n")

    def shown(step: TrainStep, _left_s: float | None) -> None:
        if step.train_loss is None:
            return
        note(step.step)
        if step.step == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    note("begun")
    files = TuningFiles(base, folder / "train.jsonl", folder / "valid.jsonl", folder / name)
    found = train(files, TuningSettings(epochs=2, layers=LAYERS), on_step=shown)
    (folder / f"{name}.json").write_text(json.dumps({"valid_loss": round(found.valid_loss, 6)}))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=96)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--base", help="a folder of transformers; default: the embedded model")
    given = parser.parse_args()
    found = measured(base_folder(given.base), given.rows, given.kills)
    print(json.dumps(found, indent=2))
    if not found["met"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
