"""A linear model as a student of closed answers: TF-IDF of character n-grams, one linear classifier a field.

    answers    {"intent": "refund", "urgency": "high"}, or "refund" alone
    fields     those whose values are few and come again: labels, true or false, a short list of numbers. Free text is none;
               a model answers with the fields that it could learn, and says which those are
    sizes      450 rows and two fields: a second of CPU to train, a millisecond to answer, below 2 MB

It is the floor for a student that is a language model: what a linear model does as well is not worth one. Confidences are
calibrated by temperature scaling on cross-validated scores (Guo et al., 2017). scikit-learn trains; what is kept of it are
numbers and names, in a NumPy archive without pickle, so that no file can run code and no version of scikit-learn is needed.
"""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from distill.atomic_write import write_atomic
from distill.errors import UsageError
from distill.records import Json

if TYPE_CHECKING:
    from scipy.sparse import spmatrix
    from sklearn.feature_extraction.text import TfidfVectorizer

    Features: TypeAlias = spmatrix | NDArray[np.float64]

Floats = NDArray[np.floating]
Sure: TypeAlias = Sequence[Mapping[str, float]]
"""By row: field → what the row counts for it, from 0 to 1, such as how sure the teacher was; one that is not named counts whole."""
FEWEST_ROWS = 20
"""Rows below which nothing is trained."""
_REPEATS = 3
"""How often a value comes at least, on average, where no schema says that a field is closed."""
_MOST_VALUES = 1000
_MOST_NGRAMS = 2**18
_FOLDS = 3
_LEAST = 0.01
"""What a row counts at least, so that no value loses all its rows."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """An answer by field, and how sure the model is that the whole of it is right, from 0 to 1."""

    answer: Mapping[str, Json]
    confidence: float


@dataclass(frozen=True, slots=True)
class FieldWeights:
    """One field: a row of `weights` and a number of `bias` for each value, scores already divided by the temperature."""

    values: Sequence[str]
    """As JSON."""
    weights: Floats
    bias: Floats

    def probabilities(self, features: Features) -> Floats:
        """(texts, values)"""
        scores = np.asarray(features @ self.weights.T) + self.bias
        exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares: Floats = exponents / exponents.sum(axis=1, keepdims=True)
        return shares


@dataclass(frozen=True, slots=True)
class LinearModel:
    """What it knows of n-grams, and of each field that it answers with."""

    vectorizer: TfidfVectorizer
    """Character n-grams in the order of the weights' columns, and how rare each is."""
    fields: Mapping[str, FieldWeights]
    rows: int
    """Rows that it was trained on."""

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction a text, in their order."""
        if not texts:
            return []
        return predicted(self.vectorizer.transform(texts), self.fields, len(texts))


def predicted(features: Features, fields: Mapping[str, FieldWeights], rows: int) -> list[Prediction]:
    """The likeliest value of each field, of features (rows, columns of the weights)."""
    answers: list[dict[str, Json]] = [{} for _ in range(rows)]
    sure = np.ones(rows)
    for name, field in fields.items():
        probabilities = field.probabilities(features)
        sure *= probabilities.max(axis=1)
        for answer, best in zip(answers, probabilities.argmax(axis=1), strict=True):
            answer[name] = json.loads(field.values[best])
    return [Prediction(*pair) for pair in zip(answers, sure.tolist(), strict=True)]


def closed_fields(answers: Sequence[Mapping[str, Json]], enumerated: Collection[str] = ()) -> list[str]:
    """The fields that a classifier can learn, in the order of the answers; `enumerated` are closed by the task's schema.

    Every other field is one where each value comes 3 times on average; a text of free form never does.
    """
    values: dict[str, Counter[str]] = {}
    for answer in answers:
        for name, value in answer.items():
            values.setdefault(name, Counter())[_spelt(value)] += 1
    return [
        name
        for name, counts in values.items()
        if len(counts) <= _MOST_VALUES and (name in enumerated or counts.total() >= _REPEATS * len(counts))
    ]


def train(
    texts: Sequence[str], answers: Sequence[Mapping[str, Json]], *, enumerated: Collection[str] = (), seed: int = 0,
    sure: Sure = (),
) -> LinearModel | None:  # fmt: skip
    """A model of `texts` → `answers`; None where there are fewer than 20 rows, or no field is closed."""
    fields = closed_fields(answers, enumerated)
    if len(texts) < FEWEST_ROWS or not fields:
        return None
    vectorizer = _vectorizer(min_df=2, max_features=_MOST_NGRAMS)
    features = vectorizer.fit_transform(texts)
    return LinearModel(vectorizer, fitted(features, answers, fields, seed, sure), len(texts))


def fitted(
    features: Features, answers: Sequence[Mapping[str, Json]], fields: Sequence[str], seed: int, sure: Sure = ()
) -> dict[str, FieldWeights]:
    """The weights of each field that is named, of features (answers, columns)."""
    return {
        name: _weights(features, [_spelt(answer.get(name)) for answer in answers], seed, _counts_as(sure, name))
        for name in fields
    }


def _counts_as(sure: Sure, name: str) -> Floats | None:
    """What each row counts for a field; None where all count whole, so that nothing is weighed."""
    found = np.array([max(_LEAST, row.get(name, 1.0)) for row in sure])
    return None if (found == 1).all() else found


def _vectorizer(**settings: object) -> TfidfVectorizer:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), sublinear_tf=True, **settings)


def _weights(features: Features, labels: Sequence[str], seed: int, counts: Floats | None) -> FieldWeights:
    """The weights of one field; zeros where it has one value only."""
    if len(set(labels)) == 1:
        return FieldWeights(labels[:1], np.zeros((1, features.shape[1]), np.float32), np.zeros(1, np.float32))
    from sklearn.svm import LinearSVC

    with warnings.catch_warnings():  # that labels which come once look like numbers
        warnings.filterwarnings("ignore", "The number of unique classes")
        fitted = LinearSVC(random_state=seed).fit(features, labels, counts)
    inverse_temperature = _inverse_temperature(features, np.array(labels), seed, counts)
    weights, bias = inverse_temperature * fitted.coef_, inverse_temperature * fitted.intercept_
    if len(weights) == 1:  # of two values: one score s, of which scikit-learn makes -s and s
        weights, bias = np.concatenate([-weights, weights]), np.concatenate([-bias, bias])
    return FieldWeights(fitted.classes_.tolist(), weights.astype(np.float32), bias.astype(np.float32))


def _inverse_temperature(features: Features, labels: NDArray[np.str_], seed: int, counts: Floats | None) -> float:
    """What scores are multiplied by, so that their softmax is as often right as it says. It is taken from values that come
    often enough to be in each fold; 1 where no two do.
    """
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.svm import LinearSVC

    often = Counter(labels.tolist())
    common = np.array([often[label] >= _FOLDS for label in labels.tolist()])
    if len(set(labels[common].tolist())) < 2:
        return 1.0
    model = CalibratedClassifierCV(LinearSVC(random_state=seed), method="temperature", cv=_FOLDS, ensemble=False)
    fitted = model.fit(features[common], labels[common], sample_weight=None if counts is None else counts[common])
    return float(fitted.calibrated_classifiers_[0].calibrators[0].beta_)


def _spelt(value: Json) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def save(model: LinearModel, path: Path) -> None:
    """Write a model; equal models give equal bytes."""
    write_atomic(path, as_bytes(model))


def as_bytes(model: LinearModel) -> bytes:
    """A model's file."""
    head = {"vocabulary": model.vectorizer.get_feature_names_out().tolist(), "rows": model.rows}
    return archive(head, model.fields, {"idf": model.vectorizer.idf_})


def archive(head: Mapping[str, Json], fields: Mapping[str, FieldWeights], more: Mapping[str, Floats]) -> bytes:
    """What a model knows beside its fields, and their weights, as one NumPy archive."""
    named = {**head, "fields": {name: list(field.values) for name, field in fields.items()}}
    arrays: dict[str, NDArray[Any]] = {
        "head": np.frombuffer(json.dumps(named, ensure_ascii=False).encode(), np.uint8), **more
    }  # fmt: skip
    for n, field in enumerate(fields.values()):
        arrays |= {f"weights_{n}": field.weights, f"bias_{n}": field.bias}
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def fields_of(head: Mapping[str, Json], arrays: Mapping[str, Floats]) -> dict[str, FieldWeights]:
    """The fields of an archive."""
    return {
        name: FieldWeights(values, arrays[f"weights_{n}"], arrays[f"bias_{n}"])
        for n, (name, values) in enumerate(head["fields"].items())
    }


def load(path: Path) -> LinearModel:
    """Read what `save` wrote; UsageError where the file is no such model."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            head = json.loads(arrays["head"].tobytes())
            vectorizer = _vectorizer(vocabulary=head["vocabulary"])
            vectorizer.idf_ = arrays["idf"]
            return LinearModel(vectorizer, fields_of(head, arrays), head["rows"])
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile) as fault:
        raise UsageError(f"{path} is no linear model of distill ({fault}); run `distill train` again") from fault
