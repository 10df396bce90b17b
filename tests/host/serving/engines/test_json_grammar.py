"""Answers of a tiny model of random weights, which would never write JSON by itself, held to a schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from distill import extras
from distill.base_model.local import LocalWeights
from distill.host.serving.answers import choice
from distill.host.serving.engine import ModelQuestion, ServedModel
from distill.host.serving.engines.transformers import Transformers
from distill.protocol.error import ApiError

pytest.importorskip("torch", reason="the training extra is not installed")

BASE = ServedModel("tiny", "tiny")
DIGIT = {"type": "integer", "minimum": 1, "maximum": 9}
SCHEMA: Any = {
    "type": "object",
    "properties": {
        "team": {"enum": ["orders", "billing"]}, "sure": {"type": "boolean"}, "rows": {"type": "array", "items": DIGIT, "maxItems": 3},
    },
    "required": ["team", "sure", "rows"], "additionalProperties": False,
}  # fmt: skip


async def test_an_answer_fits_the_schema_whatever_is_drawn(tiny_base: Path) -> None:
    pytest.importorskip("llguidance", reason="it is no part of the development extra")
    engine = Transformers(LocalWeights(str(tiny_base), tiny_base, tiny_base))
    for seed in range(5):
        asked = ModelQuestion(prompt="a", max_tokens=200, seed=seed, temperature=1.5, schema=SCHEMA)
        found = await choice.whole(engine, BASE, asked)
        answer = json.loads(found.text)
        assert found.end.finish == "stop"
        assert list(answer) == ["team", "sure", "rows"]
        assert answer["team"] in ("orders", "billing")
        assert all(1 <= one <= 9 for one in answer["rows"])
    with pytest.raises(ApiError) as raised:
        await choice.whole(engine, BASE, ModelQuestion(prompt="a", schema={"$ref": "https://example.com/a.json"}))
    assert (raised.value.status, raised.value.param) == (400, "response_format")
    await engine.close()


async def test_without_the_package_it_says_what_to_do(tiny_base: Path) -> None:
    if extras.here("llguidance"):
        pytest.skip("it is here")
    engine = Transformers(LocalWeights(str(tiny_base), tiny_base, tiny_base))
    with pytest.raises(ApiError, match="pip install 'llguidance") as raised:
        await choice.whole(engine, BASE, ModelQuestion(prompt="a", schema=SCHEMA))
    assert raised.value.status == 501
    await engine.close()
