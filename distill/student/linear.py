"""The classifier of a run, linear over letters or over word vectors: what it learns from, and what it answers to the test rows.

It learns the rows that the student learns, the validation rows among them: it needs none. Its input is the text of a row, that is
the `input` column of seeds.parquet.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import repeat
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from distill.records import Answer, Ended, Json, Usage, canonical
from distill.seeds.approved import as_answer
from distill.student.trainers import linear
from distill.student.trainers.embedding import model as embedding
from distill.student.trainers.embedding.model import EmbeddingModel
from distill.student.trainers.linear import LinearModel
from distill.values import answer as answer_value
from distill.values import rules
from distill.values.answer import WHOLE, Unreadable

if TYPE_CHECKING:
    import polars as pl

MODEL, EMBEDDING = "student/linear.npz", "student/embedding.npz"
FILES = {"linear": MODEL, "embedding": EMBEDDING}
"""The file of a student by the way that it is trained."""
Classifier = LinearModel | EmbeddingModel
COLUMNS = ["fate", "input", "answer", "tool_calls", "request_id"]
"""Those of samples.parquet that it learns from."""
_TIMED = 200
"""Test rows that are answered one by one, to tell how long an answer takes."""


def train(
    samples: pl.DataFrame,
    schema: Mapping[str, Json] | None,
    *,
    seed: int = 0,
    way: str = "linear",
    encoder: str | None = None,
    sure: Mapping[str | None, Mapping[str, float]] = MappingProxyType({}),
) -> Classifier | None:
    """A model of the rows of samples.parquet that train; None where they are too few, or no field of theirs is closed.

    `way` is linear or embedding; `encoder` is whose vectors it takes then. `sure` says by request how sure the teacher was of each field: as
    much the row counts. A row of no such request counts whole.
    """
    import polars as pl

    kept = samples.filter(pl.col("fate").is_in(["train", "valid"]) & (pl.col("tool_calls") == ""))
    form, texts, answers, counts = answer_value.expected_of(schema), [], [], []
    requests: Iterable[str | None] = kept["request_id"] if sure else repeat(None)
    for (text, said), request in zip(kept.select("input", "answer").iter_rows(), requests, strict=False):
        with suppress(Unreadable):
            answers.append(by_field(answer_value.read(said, form)))
            texts.append(text)
            counts.append(sure.get(request, {}))
    closed = closed_by(schema)
    if way == "embedding":
        return embedding.train(texts, answers, enumerated=closed, seed=seed, sure=counts, encoder=encoder)
    return linear.train(texts, answers, enumerated=closed, seed=seed, sure=counts)


def as_bytes(model: Classifier) -> bytes:
    """A model's file."""
    return linear.as_bytes(model) if isinstance(model, LinearModel) else embedding.as_bytes(model)


def load(path: Path) -> Classifier:
    """The model of a file, by its name; UsageError where it is none."""
    return embedding.load(path) if path.name == Path(EMBEDDING).name else linear.load(path)


def by_field(value: Json) -> Mapping[str, Json]:
    """An answer's value by field; a plain value is the field `answer`."""
    return value if isinstance(value, dict) else {WHOLE: value}


def closed_by(schema: Mapping[str, Json] | None) -> list[str]:
    """The fields that a schema closes: it lists their values, or they are true or false."""
    return [name for name, part in _parts(schema).items() if _closed(part)]


def _parts(schema: Mapping[str, Json] | None) -> Mapping[str, Json]:
    """Field → its part of the schema; the schema itself where an answer is a plain value."""
    listed = schema.get("properties") if schema else None
    return listed if isinstance(listed, Mapping) else {WHOLE: schema}


def _closed(part: Json) -> bool:
    return isinstance(part, Mapping) and ("enum" in part or "const" in part or part.get("type") == "boolean")


def unlearnable(schema: Mapping[str, Json] | None, golds: Sequence[Mapping[str, Json]]) -> str:
    """Why no field of a task's answers can be learnt, as far as its schema and its known answers tell; empty where one may be."""
    if closed_by(schema):
        return ""
    fields = rules.names(schema)
    known = [by_field(answer_value.of_known(gold, fields)) for gold in golds]
    if linear.closed_fields(known):
        return ""
    values = _values(known)
    shown = {name for name, found in values.items() if len(found) >= linear.FEWEST_ROWS}
    if shown and not _others(schema, shown):
        return "; ".join(
            f"the {len(values[name])} known answers hold {len(set(values[name]))} values of {name!r}"
            for name in sorted(shown)
        )
    if schema is None:
        return "neither a schema (teacher.output) nor known answers (seeds.gold) say which values there are"
    if _others(schema, shown):
        return ""
    return f"the schema's fields are free text: {', '.join(fields) or 'the answer as a whole'}"


def _values(known: Sequence[Mapping[str, Json]]) -> Mapping[str, list[str]]:
    """The values of each field that is known, spelt."""
    found: dict[str, list[str]] = defaultdict(list)
    for answer in known:
        for name, value in answer.items():
            found[name].append(canonical(value))
    return found


def _others(schema: Mapping[str, Json] | None, but: Collection[str]) -> list[str]:
    """The schema's fields of which it does not say that they are free text, such as numbers: only answers can tell."""
    return [name for name, part in _parts(schema).items() if schema and name not in but and not _free_text(part)]


def _free_text(part: Json) -> bool:
    if not isinstance(part, Mapping) or "enum" in part or "const" in part:
        return False
    kinds = part.get("type")
    named = {kinds} if isinstance(kinds, str) else set(kinds) if isinstance(kinds, list) else set()
    if "array" in named and isinstance(part.get("items"), Mapping):
        return _free_text(part["items"])
    return bool(named) and named <= {"string", "array", "object", "null"}


def answers(
    model: Classifier, tests: pl.DataFrame, schema: Mapping[str, Json] | None
) -> list[tuple[str, Answer | None]]:
    """(seed_id, answer) of each test row, with the seconds that answering it alone takes; it costs nothing."""
    texts, order = tests["input"].to_list(), rules.names(schema)
    seconds = _seconds(model, texts)
    return [
        (
            seed,
            Answer(
                "", Ended.OK, as_answer(found.answer, fields=order)[0], "stop", Usage(0, 0), latency_s=took,
                model="linear" if isinstance(model, LinearModel) else "embedding",
            ),
        )
        for seed, found, took in zip(tests["seed_id"], model.predict(texts), seconds, strict=True)
    ]  # fmt: skip


def _seconds(model: Classifier, texts: Sequence[str]) -> list[float]:
    """The seconds of one answer a text; texts beyond the first 200 are given those of the ones before in turn."""
    took = []
    for text in texts[:_TIMED]:
        started = time.perf_counter()
        model.predict([text])
        took.append(time.perf_counter() - started)
    return [took[n % len(took)] for n in range(len(texts))]


def unanswered_fields(model: Classifier, schema: Mapping[str, Json] | None) -> list[str]:
    """The fields of the task's answers that the model does not give."""
    return [name for name in rules.names(schema) if name not in model.fields]
