"""The arms over letters and over word vectors: beside each other, as the student, and left out with a reason."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from distill import extras
from distill.api.linear import load_linear
from distill.errors import SpecError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.similarity import embeddings
from distill.task.run import ORDER
from distill.teacher.progress import Silent


def run(task: Path, *sets: str) -> tuple[Run, dict[str, Any]]:
    result = running.start(open_task(task, overrides=sets, env={}), stages=ORDER, watch=Silent())
    return result, json.loads((result.folder / "comparison.json").read_bytes())


def test_both_stand_beside_each_other_and_what_each_takes_is_told(moods: Path) -> None:
    pytest.importorskip("wordllama")
    _, found = run(moods, "evaluate.arms=[teacher, linear, embedding]", "student.train.with=none")
    assert found["arms"]["embedding"]["metrics"]["json_fields"]["mean"] > 0.6
    letters, words = (found["footprints"][name] for name in ("linear", "embedding"))
    assert 0 < letters["size_mb"] < 2
    assert words["size_mb"] > 10
    assert 0 < letters["memory_mb"] < words["memory_mb"]
    assert all(0 < one["latency_p50_ms"] <= one["latency_p95_ms"] for one in (letters, words))
    page = (moods.parent / "runs/mood/001/REPORT.md").read_text()
    assert "## What each takes" in page
    assert "| Linear model over word vectors |" in page


def test_the_student_over_word_vectors_is_a_file_that_answers(moods: Path) -> None:
    pytest.importorskip("wordllama")
    result, found = run(moods, "student.train.with=embedding", "evaluate.arms=[teacher, linear, student]")
    assert {"teacher", "linear", "student"} == set(found["arms"])
    model = load_linear(result.folder)
    assert model.predict(["a lovely cheerful day"])[0].answer == {"mood": "glad"}
    again, _ = run(moods, "student.train.with=embedding", "evaluate.arms=[teacher, linear, student]")
    assert "train" in again.skipped


def test_without_the_package_the_arm_is_left_out_and_the_student_refused(
    moods: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module that is None in sys.modules cannot be imported, as one that is not installed."""
    monkeypatch.setitem(sys.modules, "wordllama", None)
    monkeypatch.setattr(
        embeddings, "_model", embeddings._model.__wrapped__
    )  # what an earlier test has loaded is not here
    here = extras.here
    monkeypatch.setattr(extras, "here", lambda module: module != "wordllama" and here(module))
    _, found = run(moods, "evaluate.arms=[teacher, embedding]", "student.train.with=none")
    assert "embedding" not in found["arms"]
    assert any(
        line.startswith("the embedding model is left out: wordllama is not installed; ") for line in found["warnings"]
    )
    with pytest.raises(SpecError, match="'embedding' needs wordllama, which is not installed"):
        open_task(moods, overrides=["student.train.with=embedding"], env={})
