"""Training files of axolotl and LLaMA-Factory. Paths are beside them."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from distill.errors import UsageError
from distill.records import Json
from distill.student.formats import axolotl as axolotl_format
from distill.student.formats import llamafactory as llamafactory_format
from distill.student.job_files.settings import JobSettings


def axolotl(job: JobSettings) -> str:
    """An axolotl config: LoRA on every projection of the layers that the spec adapts, loss on answers alone."""
    files = ["train.jsonl", *(["valid.jsonl"] if job.valid else [])]
    settings: dict[str, Json] = {
        "base_model": job.base,
        **({"revision_of_model": job.revision} if job.revision else {}),
        "adapter": "lora",
        "lora_r": job.rank,
        "lora_alpha": job.alpha,
        "lora_dropout": job.dropout,
        "lora_target_linear": True,
        **({"peft_layers_to_transform": job.adapted} if job.adapted else {}),
        **(
            {"chat_template": "jinja", "chat_template_jinja": job.template}
            if job.template
            else {"chat_template": "tokenizer_default"}
        ),
        **axolotl_format.datasets(files),
        "train_on_inputs": False,
        "excess_length_strategy": "raise",
        "sequence_len": job.context or 4096,
        "num_epochs": job.epochs,
        "micro_batch_size": job.batch_size,
        "gradient_accumulation_steps": job.accumulate,
        "gradient_checkpointing": job.recompute,
        "learning_rate": job.learning_rate,
        "lr_scheduler": job.schedule,
        "warmup_ratio": job.warmup,
        "optimizer": "adamw_torch",
        "bf16": "auto",
        "seed": job.seed,
        "output_dir": "./student",
    }
    return _page(job, "axolotl train train.yaml", settings)


def llamafactory(job: JobSettings) -> str:
    """A LLaMA-Factory training file; the base's own chat template is read from its tokeniser, and no other can be given."""
    if job.template:
        raise UsageError(
            "--config llamafactory has no place for student.template: it reads the base's own chat template; write yours into the "
            "base's tokenizer_config.json, or take --config trl or axolotl"
        )
    names = llamafactory_format.NAMES
    settings: dict[str, Json] = {
        "model_name_or_path": job.base,
        **({"model_revision": job.revision} if job.revision else {}),
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "lora",
        "lora_rank": job.rank,
        "lora_alpha": job.alpha,
        "lora_dropout": job.dropout,
        "lora_target": "all",
        "dataset_dir": ".",
        "dataset": names["train.jsonl"],
        **({"eval_dataset": names["valid.jsonl"], "eval_strategy": "epoch"} if job.valid else {}),
        "mask_history": True,
        "cutoff_len": job.context or 4096,
        "num_train_epochs": job.epochs,
        "per_device_train_batch_size": job.batch_size,
        "gradient_accumulation_steps": job.accumulate,
        "learning_rate": job.learning_rate,
        "lr_scheduler_type": job.schedule,
        "seed": job.seed,
        "output_dir": "./student",
    }
    return _page(job, "llamafactory-cli train train.yaml", settings)


def _page(job: JobSettings, command: str, settings: Mapping[str, Json]) -> str:
    head = f"# Run {job.run}, by distill export. Start it in this folder: {command}\n"
    return head + yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True)
