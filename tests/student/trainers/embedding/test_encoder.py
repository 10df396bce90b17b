"""Texts as vectors: by the package's own, or by a folder that holds a static model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from distill.errors import UsageError
from distill.student.trainers.embedding.encoder import WORDLLAMA, Encoder


def test_each_vector_has_length_one_and_a_text_without_words_is_zeros() -> None:
    pytest.importorskip("wordllama")
    found = Encoder(WORDLLAMA).vectors(["the parcel is late", "", "the parcel is late"])
    assert np.linalg.norm(found, axis=1).round(9).tolist() == [1, 0, 1]
    assert (found[0] == found[2]).all()
    assert Encoder(WORDLLAMA).bytes_on_disk > 1e7


def test_a_folder_of_model2vec_is_read_and_nothing_is_fetched(tmp_path: Path) -> None:
    model2vec = pytest.importorskip("model2vec")
    tokenizers = pytest.importorskip("tokenizers")
    words = {word: n for n, word in enumerate(["[UNK]", "parcel", "late", "thanks"])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    model2vec.StaticModel(np.eye(4, dtype=np.float32), made).save_pretrained(str(tmp_path / "static"))
    encoder = Encoder(str(tmp_path / "static"))
    found = encoder.vectors(["parcel parcel", "parcel late"])
    assert found[0].argmax() == 1
    assert found[1].round(3).tolist() == pytest.approx([0, 0.707, 0.707, 0], abs=0.001)
    assert encoder.bytes_on_disk > 64


def test_what_is_no_folder_is_named() -> None:
    with pytest.raises(UsageError, match="'nowhere' is no folder with a model of word vectors"):
        Encoder("nowhere")
