"""K-quants: which matrices llama.cpp's llama-quantize stores in how many bits, and the blocks themselves.

    q4_k_m   4 bits; 6 for the output and, in half of the layers, for attn_v and ffn_down, which suffer most
    q4_k_s   4 bits; 5 for these in the first layers, 6 for the output
    q5_k_m, q5_k_s, q6_k   likewise

A row that is no multiple of 256 is stored in the next larger plain kind, as llama.cpp does it. The blocks are written by ggml's own
function, which stands in the compiled module of xllamacpp; where a build hides it, nothing is written here.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import re
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float32, uint8
    from numpy.typing import NDArray

_PLAIN = {"q4_k_s": "Q4_K", "q4_k_m": "Q4_K", "q5_k_s": "Q5_K", "q5_k_m": "Q5_K", "q6_k": "Q6_K"}
NAMES = tuple(_PLAIN)
BLOCKS = ("Q4_K", "Q5_K", "Q6_K")
"""ggml's names of the kinds that `blocks` writes."""
_NARROW = {"Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0"}
"""Kinds for rows that are no multiple of a block of 256."""
_BLOCK = 256
_MATRIX = re.compile(
    r"(?:blk\.(?P<layer>\d+)\.)?(?P<role>token_embd|output|attn_(?:q|k|v|qkv|output)|ffn_(?:gate|up|down))\.weight"
)
"""What is quantised; whatever else has rows (routers, positions) stays as it is."""


def kind_of(name: str, width: int, quantisation: str, *, layers: int, names: Collection[str]) -> str | None:
    """ggml's name of the kind that a matrix of this row width is stored in, None for one that stays; `names` are those of all tensors."""
    found = _MATRIX.fullmatch(name)
    if found is None:
        return None
    role = found["role"]
    if role == "output" or (role == "token_embd" and "output.weight" not in names):
        kind = "Q6_K"
    else:
        kind = _in_layer(role, int(found["layer"] or 0), layers, quantisation)
    return kind if width % _BLOCK == 0 else _NARROW[kind]


def _in_layer(role: str, layer: int, layers: int, quantisation: str) -> str:
    plain = _PLAIN[quantisation]
    if quantisation in ("q4_k_m", "q5_k_m"):
        if role in ("attn_v", "ffn_down") and _counts_more(layer, layers):
            return "Q6_K"
        if role == "attn_qkv":
            return {"q4_k_m": "Q5_K", "q5_k_m": "Q6_K"}[quantisation]
    if quantisation == "q4_k_s" and ((role == "attn_v" and layer < 4) or (role == "ffn_down" and layer < layers // 8)):
        return "Q5_K"
    return plain


def _counts_more(layer: int, layers: int) -> bool:
    """Layers that get more bits: the first and the last eighth, and every third between them."""
    eighth = layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2


def blocks(weights: NDArray[float32], kind: str) -> NDArray[uint8]:
    """The matrix in blocks of a K-quant, bytes in place of each row's numbers."""
    import numpy
    from gguf import GGMLQuantizationType

    library = _library()
    if library is None:
        raise ValueError("ggml's quantising is not here; ask `available` first")
    rows = numpy.ascontiguousarray(weights, dtype=numpy.float32)
    number, width, count = int(GGMLQuantizationType[kind]), rows.shape[-1], rows.size // rows.shape[-1]
    out = numpy.zeros((*rows.shape[:-1], library.ggml_row_size(number, width)), dtype=numpy.uint8)
    library.ggml_quantize_chunk(number, rows.ctypes.data, out.ctypes.data, 0, count, width, None)
    return out


def available() -> bool:
    """Whether K-quants can be written here."""
    return _library() is not None


@functools.cache
def _library() -> ctypes.CDLL | None:
    """xllamacpp's compiled module, with the types of the two functions of ggml's C interface; None where it is not here or hides them."""
    if importlib.util.find_spec("xllamacpp") is None:
        return None
    from xllamacpp import xllamacpp

    try:
        library = ctypes.CDLL(xllamacpp.__file__)
        library.ggml_row_size.restype, library.ggml_quantize_chunk.restype = ctypes.c_size_t, ctypes.c_size_t
    except (OSError, AttributeError):
        return None
    library.ggml_row_size.argtypes = [ctypes.c_int, ctypes.c_int64]
    pointer, size = ctypes.c_void_p, ctypes.c_int64
    library.ggml_quantize_chunk.argtypes = [ctypes.c_int, pointer, pointer, size, size, size, pointer]
    return library
