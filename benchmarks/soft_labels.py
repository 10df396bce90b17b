"""What a teacher's probabilities would be worth to a linear student: trained on them as weights, beside the labels alone.

Needs CLINC150 as one file, which does not come with the project:

    python benchmarks/soft_labels.py clinc150_full.json [--draws 5]

The teacher is a linear model of other rows with calibrated probabilities, so it is wrong at times and knows how sure it is. It labels the
student's rows, none of which it has learnt. Three ways to learn from it: its label; the label, weighted by its probability; each of its labels
down to one in twenty, the row taken once for each and weighted by its probability. The fourth is the known labels. Prints the share of 600 test
rows that are right: the mean over the draws with its standard error, and the paired difference to the label alone.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from clinc import rows_of
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from distill.student.trainers import linear

INTENTS, TEST, LEAST = 30, 600, 0.05
Rows = Sequence[dict[str, str]]


def right(train: Sequence[tuple[str, str, float]], tests: Rows) -> float:
    """The share that a student of (text, label, weight) has right, trained as `distill.student.trainers.linear` does."""
    made = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), sublinear_tf=True, min_df=2)
    features = made.fit_transform([text for text, _, _ in train])
    model = LinearSVC(random_state=0).fit(features, [label for _, label, _ in train], [share for _, _, share in train])
    said = model.predict(made.transform([row["query"] for row in tests]))
    return float(np.mean([one == row["intent"] for one, row in zip(said, tests, strict=True)]))


def ways(teacher: linear.LinearModel, rows: Rows) -> dict[str, list[tuple[str, str, float]]]:
    """What a student learns by each way."""
    texts = [row["query"] for row in rows]
    field = teacher.fields["intent"]
    shares = field.probabilities(teacher.vectorizer.transform(texts))
    names = [json.loads(value) for value in field.values]
    best = shares.argmax(axis=1)
    soft = [
        (text, names[at], float(share[at]))
        for text, share in zip(texts, shares, strict=True)
        for at in np.flatnonzero(share >= LEAST)
    ]
    return {
        "label": [(text, names[at], 1.0) for text, at in zip(texts, best, strict=True)],
        "weighted label": [
            (text, names[at], float(share[at])) for text, at, share in zip(texts, best, shares, strict=True)
        ],
        "every label": soft,
        "known label": [(row["query"], row["intent"], 1.0) for row in rows],
    }


def drawn(file: Path, draw: int, taught: int, learnt: int) -> dict[str, float]:
    """One draw: the teacher of `taught` rows, and each student of `learnt` others."""
    chance = random.Random(draw)
    every = sorted({intent for _, intent in json.loads(file.read_text("utf-8"))["train"]})
    chosen = sorted(chance.sample(every, INTENTS))
    rows = rows_of(file, "train", chosen, taught + learnt, chance)
    tests = rows_of(file, "test", chosen, TEST, chance)
    known = rows[:taught]
    answers = [{"intent": row["intent"]} for row in known]
    teacher = linear.train([row["query"] for row in known], answers, enumerated=["intent"])
    assert teacher is not None
    said = teacher.predict([row["query"] for row in tests])
    found = {name: right(train, tests) for name, train in ways(teacher, rows[taught:]).items()}
    hit = [one.answer["intent"] == row["intent"] for one, row in zip(said, tests, strict=True)]
    return {"teacher": float(np.mean(hit)), **found}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("file", type=Path, help="clinc150_full.json")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument(
        "--rows", type=int, nargs=2, action="append", metavar=("TEACHER", "STUDENT"), help="default: four pairs"
    )
    given = parser.parse_args()
    for taught, learnt in given.rows or ((150, 150), (150, 600), (300, 600), (600, 600)):
        found = [drawn(given.file, draw, taught, learnt) for draw in range(given.draws)]
        print(
            f"teacher of {taught} rows, students of {learnt} others, {given.draws} draws of {TEST} test rows",
            flush=True,
        )
        for name in found[0]:
            values = 100 * np.array([one[name] for one in found])
            gain = values - 100 * np.array([one["label"] for one in found])
            error = values.std(ddof=1) / np.sqrt(len(values))
            print(
                f"  {name:15} {values.mean():5.1f} ± {error:.1f}   {gain.mean():+5.1f} ({gain.min():+.1f} to {gain.max():+.1f})"
            )


if __name__ == "__main__":
    main()
