"""The linear model: what it learns, what it leaves out, and its file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from distill.errors import UsageError
from distill.student.trainers import linear

TOPICS = {
    "billing": ["invoice", "charge", "refund", "card"],
    "delivery": ["parcel", "driver", "tracking", "street"],
    "login": ["password", "account", "e-mail", "hacked"],
}


def rows(count: int = 90, *, seed: int = 0) -> tuple[list[str], list[dict[str, object]]]:
    """Messages about three topics, with an answer of a label, a truth, a constant and a free text."""
    rng = np.random.default_rng(seed)
    texts, answers = [], []
    for n in range(count):
        topic = list(TOPICS)[n % 3]
        words = [*rng.choice(TOPICS[topic], 2), *rng.choice(["please", "today", "again", "number", "still"], 2)]
        texts.append(" ".join(rng.permutation(words)) + f" {rng.integers(10_000)}")
        answers.append({"topic": topic, "money": topic == "billing", "version": 1, "note": texts[-1]})
    return texts, answers


def model(count: int = 90) -> linear.LinearModel:
    found = linear.train(*rows(count))
    assert found is not None
    return found


def test_it_answers_unseen_texts_by_field_and_leaves_free_text_out() -> None:
    texts, answers = rows(60, seed=1)
    found = model().predict(texts)
    assert list(found[0].answer) == ["topic", "money", "version"]
    right = sum(one.answer["topic"] == answer["topic"] for one, answer in zip(found, answers, strict=True))
    assert right >= 57
    assert all(one.answer["version"] == 1 and isinstance(one.answer["money"], bool) for one in found)


def test_probabilities_are_those_of_scikit_learn_for_two_values_and_for_more() -> None:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.svm import LinearSVC

    texts, answers = rows()
    fitted, unseen = model(), rows(30, seed=1)[0]
    seen, asked = fitted.vectorizer.transform(texts), fitted.vectorizer.transform(unseen)
    for name in ("topic", "money"):
        labels = [json.dumps(answer[name]) for answer in answers]
        theirs = CalibratedClassifierCV(
            LinearSVC(random_state=0),
            method="temperature",
            cv=3,
            ensemble=False,
        )
        wanted = theirs.fit(seen, labels).predict_proba(asked)
        np.testing.assert_allclose(fitted.fields[name].probabilities(asked), wanted, atol=1e-5)


def test_confidence_is_the_product_over_the_fields() -> None:
    fitted, (texts, _) = model(), rows(5, seed=2)
    features = fitted.vectorizer.transform(texts)
    wanted = np.prod([field.probabilities(features).max(axis=1) for field in fitted.fields.values()], axis=0)
    np.testing.assert_allclose([one.confidence for one in fitted.predict(texts)], wanted)


def test_a_saved_model_answers_the_same_and_equal_models_are_equal_bytes(tmp_path: Path) -> None:
    one, other, texts = tmp_path / "one.npz", tmp_path / "other.npz", rows(30, seed=1)[0]
    linear.save(model(), one)
    linear.save(model(), other)
    assert one.read_bytes() == other.read_bytes()
    assert linear.load(one).predict(texts) == model().predict(texts)


def test_a_file_that_holds_objects_or_is_no_model_is_refused(tmp_path: Path) -> None:
    """An array of objects is a pickle, which would run code."""
    np.savez(tmp_path / "pickle.npz", head=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (tmp_path / "text.npz").write_text("no archive")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    for name in ("pickle", "text", "other"):
        with pytest.raises(UsageError, match="no linear model"):
            linear.load(tmp_path / f"{name}.npz")


def test_too_few_rows_or_no_closed_field_make_no_model() -> None:
    texts, answers = rows()
    assert linear.train(texts[:19], answers[:19]) is None
    assert linear.train(texts, [{"note": text} for text in texts]) is None
    assert linear.train([], []) is None


def test_a_field_that_the_schema_closes_is_learnt_however_rare_its_values() -> None:
    texts, _ = rows(30)
    answers = [{"code": n % 15} for n in range(30)]
    assert linear.closed_fields(answers) == []
    assert linear.closed_fields(answers, ["code"]) == ["code"]
    answers[-1] = {"code": 99}
    fitted = linear.train(texts, answers, enumerated=["code"])
    assert fitted is not None
    assert all(0 < one.confidence <= 1 for one in fitted.predict(texts))


def test_values_that_come_once_do_not_make_it_sure_of_itself() -> None:
    """A score of a value that a fold never saw is no score, and would make the temperature meaningless."""
    topics, rng = list(TOPICS), np.random.default_rng(5)

    def noisy(count: int, seed: int) -> tuple[list[str], list[str]]:
        texts, answers = rows(count, seed=seed)
        flipped = rng.random(count) < 0.3
        return texts, [
            topics[rng.integers(3)] if flip else str(one["topic"]) for flip, one in zip(flipped, answers, strict=True)
        ]

    texts, labels = noisy(240, 0)
    labels[:6] = [f"rare {n}" for n in range(6)]
    fitted = linear.train(texts, [{"topic": label} for label in labels], enumerated=["topic"])
    assert fitted is not None
    unseen, truth = noisy(300, 1)
    found = fitted.predict(unseen)
    right = sum(one.answer["topic"] == label for one, label in zip(found, truth, strict=True)) / 300
    assert 0.4 < sum(one.confidence for one in found) / 300 < right + 0.05


def test_lists_and_nulls_are_values_like_others() -> None:
    texts, answers = rows()
    tagged = [{"tags": None if one["topic"] == "login" else [one["topic"]]} for one in answers]
    fitted = linear.train(texts, tagged)
    assert fitted is not None
    assert {json.dumps(one.answer["tags"]) for one in fitted.predict(texts)} == {"null", '["billing"]', '["delivery"]'}


WORDS = [f"parcel {n}" for n in range(60)]
DOUBTED = [{"topic": "login" if n % 3 else "billing", "money": bool(n % 3)} for n in range(60)]
"""Two of three rows say login; the weights of the tests say that they are doubtful."""


def said(sure: linear.Sure) -> list[dict[str, object]]:
    fitted = linear.train(WORDS, DOUBTED, enumerated=["topic", "money"], sure=sure)
    assert fitted is not None
    return [dict(one.answer) for one in fitted.predict(["parcel"])]


def test_what_a_row_counts_for_a_field_changes_what_is_learnt_of_that_field_alone() -> None:
    assert said(()) == [{"topic": "login", "money": True}]
    assert said([{"topic": 0.1} if n % 3 else {} for n in range(60)]) == [{"topic": "billing", "money": True}]


@pytest.mark.parametrize("sure", [[{}] * 60, [{"topic": 1.0, "note": 0.5}] * 60])
def test_rows_that_all_count_whole_give_the_very_same_bytes(sure: linear.Sure) -> None:
    plain, whole = (linear.train(WORDS, DOUBTED, enumerated=["topic", "money"], sure=one) for one in ((), sure))
    assert plain is not None
    assert whole is not None
    assert linear.as_bytes(plain) == linear.as_bytes(whole)


def test_a_value_whose_rows_count_for_nothing_is_still_one() -> None:
    fitted = linear.train(
        WORDS, DOUBTED, enumerated=["topic"], sure=[{"topic": 0.0} if n % 3 else {} for n in range(60)]
    )
    assert fitted is not None
    assert list(fitted.fields["topic"].values) == ['"billing"', '"login"']
    assert np.isfinite(fitted.fields["topic"].weights).all()
