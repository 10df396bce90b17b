"""`distill ship`: a run's student in the form that is asked for, with a README of how it was made and what it scored."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from distill.atomic_write import write_atomic, write_json
from distill.base_model import load
from distill.base_model.chat_format import chat_format
from distill.errors import UsageError
from distill.rundir import file_hash
from distill.ship import gguf_file, merged, modelfile, readme, whole_folder
from distill.ship.routes import vllm_config
from distill.ship.student import TunedStudent
from distill.ship.target import Target


@dataclass(frozen=True, slots=True)
class Shipped:
    """What was written, and how to start it."""

    run: str
    form: str
    folder: Path
    files: Mapping[str, int]
    """Name → bytes."""
    use: str


def ship(student: TunedStudent, target: Target, out: Path) -> Shipped:
    """Write the student into the folder `out`, whole or not at all; UsageError where something is there already, or it has no such form."""
    if student.full and target.form in ("adapter", "vllm"):
        raise UsageError(
            f"--as {target.form}: {student.run} tuned all weights (student.train.with: full), so there is no adapter; take --as merged, which vLLM "
            "serves too, gguf or ollama"
        )
    with whole_folder.written(out) as aside:
        use = _FORMS[target.form](student, target, aside)
        for file in student.routing:
            shutil.copyfile(file, aside / file.name)
        names = [path for path in sorted(aside.rglob("*")) if path.is_file()]
        hashes = {str(path.relative_to(aside)): file_hash(path) for path in names}
        write_atomic(aside / "README.md", readme.readme(student, target, use, hashes).encode())
    files = {str(path.relative_to(out)): path.stat().st_size for path in sorted(out.rglob("*")) if path.is_file()}
    return Shipped(student.run, target.form, out, files, use)


def _adapter(student: TunedStudent, _target: Target, out: Path) -> str:
    shutil.copytree(student.tuned, out, dirs_exist_ok=True)
    config = json.loads((out / "adapter_config.json").read_text(encoding="utf-8"))
    write_json(out / "adapter_config.json", config | {"base_model_name_or_path": student.base_path})
    load.tokeniser(student.weights.folder(weights=False), student.weights.template).save_pretrained(out)
    return f"An adapter as peft reads it, on `{student.base}`:\n\n```python\n" + (
        "from peft import AutoPeftModelForCausalLM\n\nmodel = AutoPeftModelForCausalLM.from_pretrained('.')\n```"
    )


def _merged(student: TunedStudent, _target: Target, out: Path) -> str:
    merged.write(student, out)
    return "A model as transformers reads it:\n\n```sh\nvllm serve . --served-model-name " + f"{student.task}\n```"


def _gguf(student: TunedStudent, target: Target, out: Path) -> str:
    gguf_file.write(student, target.quantisation, out / f"{student.task}.gguf")
    return f"```sh\nllama-server -m {student.task}.gguf --jinja\n```"


def _ollama(student: TunedStudent, target: Target, out: Path) -> str:
    name = f"{student.task}.gguf"
    gguf_file.write(student, target.quantisation, out / name)
    tokenizer = load.tokeniser(student.weights.folder(weights=False), student.weights.template)
    write_atomic(out / "Modelfile", modelfile.modelfile(student, chat_format(tokenizer), name).encode())
    return f"```sh\nollama create {student.task} -f Modelfile\nollama run {student.task}\n```"


def _vllm(student: TunedStudent, target: Target, out: Path) -> str:
    _adapter(student, target, out / "adapter")
    tokenizer = load.tokeniser(student.weights.folder(weights=False), student.weights.template)
    write_atomic(out / "chat.jinja", tokenizer.chat_template.encode())
    rank = vllm_config.max_rank([student.tuned])
    command = (
        f"vllm serve {shlex.quote(student.base_path)} --enable-lora --max-lora-rank {rank} \\\n"
        f"  --lora-modules {student.task}=./adapter --chat-template ./chat.jinja\n"
    )
    write_atomic(
        out / "serve.sh",
        f"#!/bin/sh\n# More students of one base: more NAME=FOLDER behind --lora-modules.\n{command}".encode(),
    )
    return f"The base with the adapter on it, as the model `{student.task}`; more students of one base go behind `--lora-modules`:\n\n```sh\n{command}```"


_FORMS: Mapping[str, Callable[[TunedStudent, Target, Path], str]] = {
    "adapter": _adapter, "merged": _merged, "gguf": _gguf, "ollama": _ollama, "vllm": _vllm,
}  # fmt: skip
