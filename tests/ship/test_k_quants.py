"""K-quants: which matrix gets how many bits, and blocks that another reader takes for what they are."""

from __future__ import annotations

import numpy
import pytest

from distill.ship import k_quants

LAYERS = 32
NAMES = {"token_embd.weight", "output.weight"}


@pytest.mark.parametrize(
    ("name", "quantisation", "kind"),
    [
        ("output.weight", "q4_k_m", "Q6_K"),
        ("token_embd.weight", "q4_k_m", "Q4_K"),
        ("blk.5.attn_q.weight", "q4_k_m", "Q4_K"),
        ("blk.0.attn_v.weight", "q4_k_m", "Q6_K"),
        ("blk.5.ffn_down.weight", "q4_k_m", "Q4_K"),
        ("blk.6.ffn_down.weight", "q4_k_m", "Q6_K"),
        ("blk.31.ffn_down.weight", "q5_k_m", "Q6_K"),
        ("blk.3.attn_v.weight", "q4_k_s", "Q5_K"),
        ("blk.4.attn_v.weight", "q4_k_s", "Q4_K"),
        ("blk.9.ffn_up.weight", "q5_k_s", "Q5_K"),
        ("blk.9.attn_qkv.weight", "q4_k_m", "Q5_K"),
        ("blk.9.ffn_up.weight", "q6_k", "Q6_K"),
        ("blk.9.ffn_gate_inp.weight", "q4_k_m", None),
        ("position_embd.weight", "q4_k_m", None),
    ],
)
def test_matrices_that_suffer_most_get_more_bits(name: str, quantisation: str, kind: str | None) -> None:
    """As llama.cpp's llama-quantize chooses."""
    assert k_quants.kind_of(name, 4096, quantisation, layers=LAYERS, names=NAMES) == kind


def test_tied_embeddings_are_the_output_and_narrow_rows_take_the_next_larger_kind() -> None:
    tied = {"token_embd.weight"}
    assert k_quants.kind_of("token_embd.weight", 4096, "q4_k_m", layers=LAYERS, names=tied) == "Q6_K"
    assert k_quants.kind_of("token_embd.weight", 576, "q4_k_m", layers=LAYERS, names=tied) == "Q8_0"
    assert k_quants.kind_of("blk.5.attn_q.weight", 576, "q4_k_m", layers=LAYERS, names=tied) == "Q5_0"


@pytest.mark.skipif(not k_quants.available(), reason="xllamacpp is not installed, or hides ggml's quantising")
@pytest.mark.parametrize(("kind", "off"), [("Q4_K", 0.08), ("Q5_K", 0.04), ("Q6_K", 0.02)])
def test_blocks_are_read_back_by_the_gguf_package(kind: str, off: float) -> None:
    """Its own reading of the blocks gives the weights, as near as the bits allow."""
    gguf = pytest.importorskip("gguf", reason="the training extra is not installed")
    weights = numpy.random.default_rng(0).normal(size=(2, 8, 512)).astype(numpy.float32)
    made = k_quants.blocks(weights, kind)
    back = gguf.quants.dequantize(made, gguf.GGMLQuantizationType[kind])
    assert back.shape == weights.shape
    assert numpy.sqrt(((back - weights) ** 2).mean()) < off
