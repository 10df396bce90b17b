"""What arms take: bytes on disk and in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.base_model.local import LocalWeights
from distill.evaluate.arm_kinds import footprint
from distill.student.trainers import linear
from distill.student.trainers.embedding import model as embedding
from distill.teacher.endpoint.address import Address

TEXTS = [f"{'thank you' if n % 2 else 'never again'} {n}" for n in range(24)]
ANSWERS = [{"mood": "glad" if n % 2 else "cross"} for n in range(24)]


def test_a_student_is_its_base_and_its_adapter_and_a_model_elsewhere_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "model.safetensors").write_bytes(b"0" * 1000)
    (tmp_path / "base" / "notes.txt").write_bytes(b"0" * 999)
    (tmp_path / "adapter.gguf").write_bytes(b"0" * 50)
    weights = LocalWeights("base", tmp_path, tmp_path)
    base = Address(model="base", weights=weights, engine="transformers")
    assert footprint.bytes_of(base) == 1000
    student = Address(model="base", weights=weights, engine="transformers", adapter=tmp_path / "adapter.gguf")
    assert footprint.bytes_of(student) == 1050
    assert footprint.bytes_of(Address(model="gpt-6-nano")) is None
    assert footprint.bytes_of(Address(model="gone", weights=LocalWeights("./gone", tmp_path, tmp_path))) is None


def test_a_classifier_is_its_file_and_with_word_vectors_these_too() -> None:
    by_letters = linear.train(TEXTS, ANSWERS, enumerated=["mood"])
    assert by_letters is not None
    assert footprint.bytes_of_classifier(by_letters) == len(linear.as_bytes(by_letters))
    assert footprint.bytes_held(by_letters) > 8 * len(by_letters.vectorizer.get_feature_names_out())
    pytest.importorskip("wordllama")
    by_words = embedding.train(TEXTS, ANSWERS, enumerated=["mood"])
    assert by_words is not None
    assert footprint.bytes_of_classifier(by_words) > 1e7
    assert footprint.bytes_held(by_words) > 1e7
