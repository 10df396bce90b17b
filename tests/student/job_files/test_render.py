"""Ready job files: each is loaded as its trainer or host loads it, with the spec's own values in it."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from chat_rows import PLAIN, TALK
from tuning_host import serve

from distill.errors import UsageError
from distill.student.export import write_format
from distill.student.formats import openai, trl
from distill.student.job_files import render
from distill.student.job_files.settings import EMBEDDED, JobSettings

PUBLIC = EMBEDDED["embedded/smollm2-135m"]
SCRIPTS = [name for name, config in render.CONFIGS.items() if config.file.endswith(".py")]


def job(**own: Any) -> JobSettings:
    plain: dict[str, Any] = {
        "task": "t", "run": "t/001", "base": "embedded/smollm2-135m", "epochs": 3.0, "batch_size": 4, "learning_rate": 5e-5,
        "rank": 8, "alpha": 24, "layers": 6, "context": 700, "seed": 11, "valid": True, "suffix": "mine",
        "base_url": "https://host.example/v1", "key_env": "HOST_KEY",
    }  # fmt: skip
    return JobSettings(**{**plain, **own})


def constants(text: str) -> dict[str, Any]:
    """The names that a script sets to plain values."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign):
            try:
                found[ast.unparse(node.targets[0]).strip("()")] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("valid", [True, False])
def test_scripts_are_python_whatever_the_spec_says(name: str, valid: bool) -> None:
    hostile = '"""\'); import os #\\ \n {{ 7*7 }}'
    text = render.render(name, job(base=hostile, run=hostile, suffix=hostile, key_env="K", valid=valid)).decode()
    compile(text, name, "exec")
    assert repr(hostile) in text
    assert "import os #" not in text.replace(repr(hostile), "")
    assert ("valid" in text.split("def main")[1].split("\n")[1] + text.split("def main")[1].split("\n")[2]) == valid


def test_the_trl_script_holds_the_specs_values() -> None:
    found = constants(render.render("trl", job()).decode())
    assert (found["BASE, REVISION"], found["LAYERS"], found["CONTEXT"]) == ((PUBLIC, "main"), 6, 700)
    assert (found["LORA"]["r"], found["LORA"]["lora_alpha"]) == (8, 24)
    arguments = found["ARGUMENTS"]
    assert (arguments["num_train_epochs"], arguments["learning_rate"], arguments["seed"]) == (3.0, 5e-5, 11)
    assert (arguments["per_device_train_batch_size"], arguments["eval_strategy"]) == (4, "epoch")


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore::FutureWarning"
)  # TRL still says gradient_checkpointing, which transformers renames
def test_the_trl_script_trains_with_the_trl_that_is_installed(tmp_path: Path, tiny_base: Path) -> None:
    """Its SFTConfig and LoraConfig are built, rows that are too long are refused, and an adapter of the named layer is written."""
    write_format("trl", {"train": [PLAIN, TALK], "valid": [PLAIN]}, trl.row, folder=tmp_path)
    script = tmp_path / "train.py"
    script.write_bytes(render.render("trl", job(base=str(tiny_base), layers=1, epochs=1.0, context=None)))
    runpy.run_path(str(script), run_name="__main__")
    adapter = json.loads((tmp_path / "student" / "adapter_config.json").read_text())
    assert (adapter["r"], adapter["lora_alpha"], adapter["layers_to_transform"]) == (8, 24, [1])
    assert "q_proj" in adapter["target_modules"]
    script.write_bytes(render.render("trl", job(base=str(tiny_base), layers=1, context=5)))
    with pytest.raises(SystemExit, match=r"lines \[1, 2\] are longer"):
        runpy.run_path(str(script), run_name="__main__")


def test_axolotl_and_llamafactory_read_their_values() -> None:
    axolotl, factory = (yaml.safe_load(render.render(name, job())) for name in ("axolotl", "llamafactory"))
    assert (axolotl["base_model"], axolotl["lora_r"], axolotl["lora_alpha"]) == (PUBLIC, 8, 24)
    assert (axolotl["num_epochs"], axolotl["learning_rate"], axolotl["sequence_len"]) == (3.0, 5e-5, 700)
    assert axolotl["peft_layers_to_transform"] == [24, 25, 26, 27, 28, 29]
    assert [one["path"] for one in (*axolotl["datasets"], *axolotl["test_datasets"])] == ["train.jsonl", "valid.jsonl"]
    assert (factory["model_name_or_path"], factory["lora_rank"], factory["lora_alpha"]) == (PUBLIC, 8, 24)
    assert (factory["num_train_epochs"], factory["learning_rate"], factory["cutoff_len"]) == (3.0, 5e-5, 700)
    assert (factory["dataset"], factory["eval_dataset"], factory["mask_history"]) == (
        "distill_train",
        "distill_valid",
        True,
    )


def test_without_validation_rows_none_are_named() -> None:
    axolotl, factory = (yaml.safe_load(render.render(name, job(valid=False))) for name in ("axolotl", "llamafactory"))
    assert "test_datasets" not in axolotl
    assert not {"eval_dataset", "eval_strategy"} & set(factory)


def test_every_other_key_of_the_spec_is_in_each_trainers_words() -> None:
    own = {
        "dropout": 0.1,
        "schedule": "linear",
        "warmup": 0.2,
        "accumulate": 3,
        "recompute": True,
        "revision": "v2",
        "depth": 9,
    }
    found = constants(render.render("trl", job(base="org/name", **own)).decode())
    arguments = found["ARGUMENTS"]
    assert (found["LORA"]["lora_dropout"], arguments["lr_scheduler_type"], arguments["warmup_steps"]) == (
        0.1,
        "linear",
        0.2,
    )
    assert (arguments["gradient_accumulation_steps"], arguments["gradient_checkpointing"]) == (3, True)
    axolotl, factory = (
        yaml.safe_load(render.render(name, job(base="org/name", **own))) for name in ("axolotl", "llamafactory")
    )
    assert (axolotl["lora_dropout"], axolotl["lr_scheduler"], axolotl["warmup_ratio"]) == (0.1, "linear", 0.2)
    assert (axolotl["gradient_accumulation_steps"], axolotl["gradient_checkpointing"]) == (3, True)
    assert (axolotl["revision_of_model"], axolotl["peft_layers_to_transform"]) == ("v2", [3, 4, 5, 6, 7, 8])
    assert (factory["lora_dropout"], factory["lr_scheduler_type"], factory["model_revision"]) == (0.1, "linear", "v2")


def test_a_chat_template_of_the_specs_own_goes_along_or_is_refused() -> None:
    axolotl = yaml.safe_load(render.render("axolotl", job(template="{{ x }}\n")))
    assert (axolotl["chat_template"], axolotl["chat_template_jinja"]) == ("jinja", "{{ x }}\n")
    with pytest.raises(UsageError, match=r"--config llamafactory has no place for student\.template"):
        render.render("llamafactory", job(template="{{ x }}"))


def test_another_base_goes_by_its_own_name_and_all_layers_are_adapted() -> None:
    config = yaml.safe_load(render.render("axolotl", job(base="Qwen/Qwen3-0.6B", layers=4)))
    assert config["base_model"] == "Qwen/Qwen3-0.6B"
    assert "peft_layers_to_transform" not in config  # its depth is not known here


async def test_the_openai_script_makes_its_job_by_the_sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a host that checks each row of what is uploaded, as the real one does."""
    rows = [replace(row, seed_id=f"{row.seed_id}{n}") for n in range(6) for row in (PLAIN, TALK)]
    write_format("openai", {"train": rows, "valid": rows[:2]}, openai.row, folder=tmp_path)
    monkeypatch.setenv("HOST_KEY", "k")
    async with serve() as host:
        script = tmp_path / "tune.py"
        script.write_bytes(render.render("openai", job(base="tunable", base_url=host.base_url)))
        await asyncio.to_thread(runpy.run_path, str(script), run_name="__main__")
        (made,) = host.jobs.values()
    assert (made["model"], made["seed"]) == ("tunable", 11)
    assert made["method"]["supervised"]["hyperparameters"] == {"n_epochs": 3}
    assert len({made["training_file"], made["validation_file"]}) == 2


def test_the_together_script_holds_the_specs_values() -> None:
    made = constants(render.render("together", job()).decode())["JOB"]
    assert (made["model"], made["suffix"], made["random_seed"], made["n_epochs"]) == (PUBLIC, "mine", 11, 3)
    assert (made["lora_r"], made["lora_alpha"], made["learning_rate"], made["batch_size"]) == (8, 24, 5e-5, 4)


def test_together_takes_every_key_of_its_script() -> None:
    together = pytest.importorskip("together.resources.fine_tuning", reason="for an environment that has its SDK")
    given = constants(render.render("together", job()).decode())["JOB"]
    inspect.signature(together.FineTuningResource.create).bind(
        None, training_file="t", validation_file="v", n_evals=1, **given
    )


def test_names_are_taken_apart_and_unknown_ones_refused() -> None:
    assert render.named(["trl,openai", "trl"]) == ["trl", "openai"]
    with pytest.raises(UsageError, match=r"'axolot': known configs: trl, axolotl, .*did you mean 'axolotl'"):
        render.named(["axolot"])
