"""The linear model that a run has trained, for a program that wants its answers."""

from __future__ import annotations

from pathlib import Path

from distill.errors import UsageError
from distill.student.linear import FILES, MODEL, Classifier, load


def load_linear(path: str | Path) -> Classifier:
    """The linear student of a run's folder, over letters or word vectors, or of its file; UsageError where there is none, or it is no such model.

        model = distill.load_linear("runs/support-triage/002")
        model.predict(["where is my parcel?"])[0].answer

    `predict` takes texts and gives for each an `answer` by field and a `confidence` from 0 to 1. A text is what stands for the
    prompt's variable; of several variables it is their values in order, a line each, as in the column `input` of seeds.parquet.
    """
    given = Path(path)
    files = [given / name for name in FILES.values() if (given / name).is_file()]
    file = given if not given.is_dir() else files[0] if files else given / MODEL
    if not file.is_file():
        raise UsageError(
            f"no linear model at {file}; a run with `student.train.with: linear` or `embedding` writes one into its folder, as {' or '.join(FILES.values())}"
        )
    return load(file)
