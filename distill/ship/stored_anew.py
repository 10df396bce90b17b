"""A GGUF file written anew: its own metadata, tokeniser and template, its weights stored in another kind, with what an adapter adds to them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.ship import k_quants

if TYPE_CHECKING:
    from gguf import GGUFReader, GGUFWriter, ReaderTensor
    from numpy import float32
    from numpy.typing import NDArray

    from distill.records import Json

_FILE_TYPES = {
    "f32": 0, "f16": 1, "q4_0": 2, "q4_1": 3, "q8_0": 7, "q5_0": 8, "q5_1": 9, "q4_k_s": 14, "q4_k_m": 15, "q5_k_s": 16, "q5_k_m": 17,
    "q6_k": 18, "bf16": 32,
}  # fmt: skip
"""As llama.cpp numbers them (general.file_type)."""
_BLOCKS_AS_OF = 2
"""general.quantization_version: how blocks are laid out."""


def write(
    source: Path, out: Path, quantisation: str, *,
    changes: Mapping[str, NDArray[float32]] | None = None, fields: Mapping[str, Json] | None = None,
) -> None:  # fmt: skip
    """`source` with its weights as `quantisation`; `changes` are added to the weights of these names, `fields` stand in place of its own."""
    from gguf import GGUFReader, GGUFWriter

    reader = GGUFReader(source)
    writer = GGUFWriter(out, reader.fields["general.architecture"].contents())
    new = {"general.file_type": _FILE_TYPES[quantisation], "general.quantization_version": _BLOCKS_AS_OF}
    _copy_fields(reader, writer, {**new, **(fields or {})})
    kinds = _kinds(reader, quantisation)
    for tensor in reader.tensors:
        data, kind = _stored(tensor, (changes or {}).get(tensor.name), kinds[tensor.name])
        writer.add_tensor(tensor.name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _copy_fields(reader: GGUFReader, writer: GGUFWriter, fields: Mapping[str, Json]) -> None:
    """The file's metadata, with some of it new."""
    from gguf import GGUFValueType

    new = dict(fields)
    for field in reader.fields.values():
        if field.name == "general.architecture" or field.name.startswith("GGUF."):
            continue  # the writer's own
        kind = field.types[0]
        inner = field.types[-1] if kind == GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, new.pop(field.name, field.contents()), kind, sub_type=inner)
    for name, value in new.items():
        writer.add_key_value(name, value, GGUFValueType.STRING if isinstance(value, str) else GGUFValueType.UINT32)


def _kinds(reader: GGUFReader, quantisation: str) -> dict[str, str | None]:
    """ggml's name of the kind that each tensor is to be stored in; None for one that stays as it is."""
    names = [tensor.name for tensor in reader.tensors]
    if quantisation not in k_quants.NAMES:
        return dict.fromkeys(names, quantisation.upper())
    layers = int(reader.fields[f"{reader.fields['general.architecture'].contents()}.block_count"].contents())
    return {
        tensor.name: k_quants.kind_of(tensor.name, int(tensor.shape[0]), quantisation, layers=layers, names=names)
        for tensor in reader.tensors
    }


def _stored(tensor: ReaderTensor, change: NDArray[float32] | None, kind: str | None) -> tuple[NDArray[Any], int]:
    """(data, type) of a tensor: matrices as `kind` where their rows allow it, else f16; vectors as they are."""
    from gguf import GGMLQuantizationType, quants

    if len(tensor.shape) < 2 or (kind is None and change is None):
        return tensor.data, tensor.tensor_type
    weights = quants.dequantize(tensor.data, tensor.tensor_type)
    if change is not None:
        weights = weights + change
    wanted = GGMLQuantizationType[kind or "F16"]
    if wanted.name in k_quants.BLOCKS:
        return k_quants.blocks(weights, wanted.name), wanted
    try:
        return quants.quantize(weights, wanted), wanted
    except (ValueError, quants.QuantError):  # rows that are no multiple of its blocks
        return quants.quantize(weights, GGMLQuantizationType.F16), GGMLQuantizationType.F16
