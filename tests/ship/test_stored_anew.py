"""A GGUF file whose weights are stored in another kind keeps everything else that it says."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

from distill.ship import k_quants, stored_anew


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """Two layers whose rows are wide enough for K-quants, one matrix that nobody quantises, one vector."""
    gguf = pytest.importorskip("gguf", reason="the training extra is not installed")
    chance, writer = numpy.random.default_rng(1), gguf.GGUFWriter(tmp_path / "plain.gguf", "llama")
    writer.add_string("general.name", "plain")
    writer.add_uint32("llama.block_count", 2)
    writer.add_array("tokenizer.ggml.tokens", ["a", "b"])
    shapes = {
        "token_embd.weight": (8, 256),
        "blk.0.ffn_down.weight": (4, 512),
        "blk.1.attn_q.weight": (4, 256),
        "other.weight": (3, 256),
    }
    for name, shape in shapes.items():
        writer.add_tensor(name, chance.normal(size=shape).astype(numpy.float16))
    writer.add_tensor("output_norm.weight", numpy.ones(256, dtype=numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tmp_path / "plain.gguf"


@pytest.mark.skipif(not k_quants.available(), reason="xllamacpp is not installed, or hides ggml's quantising")
def test_each_weight_gets_its_kind_and_what_it_says_stays(plain: Path, tmp_path: Path) -> None:
    from gguf import GGUFReader, quants

    more = {"blk.1.attn_q.weight": numpy.full((4, 256), 3.0, dtype=numpy.float32)}
    stored_anew.write(plain, tmp_path / "small.gguf", "q4_k_m", changes=more, fields={"general.name": "small"})
    before, after = GGUFReader(plain), GGUFReader(tmp_path / "small.gguf")
    assert {one.name: one.tensor_type.name for one in after.tensors} == {
        "token_embd.weight": "Q6_K", "blk.0.ffn_down.weight": "Q4_K", "blk.1.attn_q.weight": "Q4_K", "other.weight": "F16",
        "output_norm.weight": "F32",
    }  # fmt: skip
    told = {name: field.contents() for name, field in after.fields.items()}
    assert (told["general.name"], told["tokenizer.ggml.tokens"]) == ("small", ["a", "b"])
    assert (told["general.file_type"], told["general.quantization_version"]) == (15, 2)
    for old, new in zip(before.tensors, after.tensors, strict=True):
        wanted = quants.dequantize(old.data, old.tensor_type) + more.get(old.name, numpy.float32(0))
        assert numpy.abs(quants.dequantize(new.data, new.tensor_type) - wanted).max() < 0.4, old.name
