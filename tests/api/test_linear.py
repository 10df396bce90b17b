"""A run's linear model, loaded by a program."""

from __future__ import annotations

from pathlib import Path

import pytest

import distill
from distill.errors import UsageError
from distill.student.trainers import linear


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder with a linear student of 40 rows whose words tell the mood."""
    texts = [f"{'thank you' if n % 2 else 'never again'} {n}" for n in range(40)]
    model = linear.train(texts, [{"mood": "glad" if n % 2 else "cross"} for n in range(40)])
    assert model is not None
    (tmp_path / "student").mkdir()
    linear.save(model, tmp_path / "student" / "linear.npz")
    return tmp_path


def test_the_folder_of_a_run_or_the_file_gives_a_model_that_answers(folder: Path) -> None:
    for path in (folder, str(folder), folder / "student" / "linear.npz"):
        (found,) = distill.load_linear(path).predict(["thank you so much"])
        assert found.answer == {"mood": "glad"}
        assert 0.5 < found.confidence <= 1


def test_no_model_is_told_with_the_setting_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no linear model at .*student/linear\.npz.*student\.train\.with: linear"):
        distill.load_linear(tmp_path)
    (tmp_path / "other.npz").write_bytes(b"PK no archive")
    with pytest.raises(UsageError, match=r"other\.npz is no linear model of distill"):
        distill.load_linear(tmp_path / "other.npz")
