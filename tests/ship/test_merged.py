"""The base with the adapter in its weights answers as the two did."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distill.base_model import generation, load
from distill.ship import merged
from distill.ship.student import TunedStudent

TURNS = [[{"role": "user", "content": f"question {number} of some words"}] for number in range(20)]


def test_it_answers_as_base_and_adapter_do_and_ends_where_they_end(
    tiny_student: TunedStudent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In full precision: in bfloat16, where a machine computes so, a product of two roundings is not the rounding of the product."""
    torch = pytest.importorskip("torch", reason="the training extra is not installed")
    monkeypatch.setattr(load, "native_dtype", lambda: torch.float32)
    merged.write(tiny_student, tmp_path / "out")
    base = tiny_student.weights.folder()
    apart, whole, bare = (
        generation.generator(folder, adapter)
        for folder, adapter in ((base, tiny_student.tuned), (tmp_path / "out", None), (base, None))
    )
    said = [
        [one.text for one in made.write([made.prompt(turns, 8) for turns in TURNS])] for made in (apart, whole, bare)
    ]
    assert sum(a == b for a, b in zip(said[0], said[1], strict=True)) >= 18, "a tie may fall the other way"
    assert said[0] != said[2], "the adapter changes what is answered"
    config = json.loads((tmp_path / "out" / "generation_config.json").read_text())
    assert apart.tokenizer.convert_tokens_to_ids("<|eot_id|>") in config["eos_token_id"]
    assert (tmp_path / "out" / "chat_template.jinja").is_file()
