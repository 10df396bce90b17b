"""The linear model over word vectors: what it learns, and its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from distill.errors import UsageError
from distill.student.trainers import linear
from distill.student.trainers.embedding import model as embedding

pytest.importorskip("wordllama")
GLAD = ["thank you", "I am delighted", "this is wonderful", "what a lovely surprise", "great work, I am happy"]
CROSS = ["I am furious", "this is terrible", "what an awful mess", "never again, I am angry", "a horrible experience"]
TEXTS = [f"{text}, number {n}" for n in range(4) for text in (*GLAD, *CROSS)]
ANSWERS = [{"mood": "glad" if any(text.startswith(one) for one in GLAD) else "cross", "why": text} for text in TEXTS]


def fitted() -> embedding.EmbeddingModel:
    found = embedding.train(TEXTS, ANSWERS, enumerated=["mood"])
    assert found is not None
    return found


def test_it_knows_words_that_no_training_row_has() -> None:
    new = ["splendid, marvellous", "dreadful and disgusting"]
    assert [one.answer for one in fitted().predict(new)] == [{"mood": "glad"}, {"mood": "cross"}]
    by_letters = linear.train(TEXTS, ANSWERS, enumerated=["mood"])
    assert by_letters is not None
    assert [one.answer["mood"] for one in by_letters.predict(new)] != ["glad", "cross"]


def test_equal_rows_give_equal_bytes_and_what_is_read_back_answers_the_same(tmp_path: Path) -> None:
    made, again = fitted(), fitted()
    assert embedding.as_bytes(made) == embedding.as_bytes(again)
    embedding.save(made, tmp_path / "embedding.npz")
    read = embedding.load(tmp_path / "embedding.npz")
    assert read.predict(TEXTS) == made.predict(TEXTS)
    assert (read.rows, read.encoder.name) == (40, "wordllama")
    assert read.predict([]) == []


def test_few_rows_or_free_text_teach_nothing() -> None:
    assert embedding.train(TEXTS[:19], ANSWERS[:19], enumerated=["mood"]) is None
    assert embedding.train(TEXTS, [{"why": text} for text in TEXTS]) is None


def test_a_file_that_is_no_such_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "embedding.npz").write_bytes(b"no archive")
    with pytest.raises(UsageError, match=r"embedding\.npz is no embedding model of distill"):
        embedding.load(tmp_path / "embedding.npz")
    by_letters = linear.train(TEXTS, ANSWERS, enumerated=["mood"])
    assert by_letters is not None
    linear.save(by_letters, tmp_path / "embedding.npz")
    with pytest.raises(UsageError, match=r"embedding\.npz is no embedding model"):
        embedding.load(tmp_path / "embedding.npz")
    assert np.isfinite(fitted().fields["mood"].weights).all()


def test_doubtful_rows_count_less() -> None:
    """Every text is there with both moods; the weights decide."""
    texts, both = [*TEXTS, *TEXTS], [*ANSWERS, *({"mood": "glad"} for _ in TEXTS)]
    doubted = [{}] * len(TEXTS) + [{"mood": 0.05}] * len(TEXTS)
    plain, soft = (
        embedding.train(texts, both, enumerated=["mood"], sure=sure)
        for sure in ([{}] * len(TEXTS) + [{"mood": 1.0}] * len(TEXTS), doubted)
    )
    assert plain is not None
    assert soft is not None
    right = [
        sum(one.answer["mood"] == said["mood"] for one, said in zip(model.predict(TEXTS), ANSWERS, strict=True))
        for model in (plain, soft)
    ]
    assert right[1] == len(TEXTS) > right[0]
