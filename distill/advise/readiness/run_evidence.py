"""What a run's folder holds, read once for the readiness list; a file that is not there is None or empty, and nothing is guessed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from distill.errors import UsageError
from distill.evaluate.comparison import Comparison
from distill.records import Json
from distill.rundir import RunDir, file_hash, read_json, read_parquet, read_result
from distill.teacher.store.queries import SpenderTotals

_SPLITS = ("train", "valid", "test")
Found = tuple[bool | None, str]
"""Of a check: whether it holds, None where nothing tells; and what was found."""
ROUTING = "student/routing.json"
"""The threshold below which an answer of the student goes to the teacher."""


@dataclass(frozen=True, slots=True)
class TestRow:
    """One test row: its text, and the values of its labels."""

    __test__ = False  # pytest takes names like this for tests

    input: str
    labels: frozenset[str]


@dataclass(frozen=True, slots=True)
class RunEvidence:
    """The files of one run as values."""

    run: str
    spec: Mapping[str, Json] = field(default_factory=dict)
    """The settings that were used."""
    input_hashes: int = 0
    """Prompts, schemas and seed files whose hashes are kept."""
    funnel: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    """Stage → its line."""
    compared: Comparison | None = None
    parts: Mapping[str, Json] = field(default_factory=dict)
    """comparison.json as it is."""
    splits: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """train, valid, test → what each row of its file asks, where there is one."""
    tests: Sequence[TestRow] | None = None
    card: bool = False
    routing: Mapping[str, Json] | None = None
    outputs: Mapping[str, bool] = field(default_factory=dict)
    """File that a stage wrote → whether it still has the hash of then."""
    ledger: Sequence[SpenderTotals] = ()

    def setting(self, path: str) -> Json:
        """`student.train.epochs` of the spec; None where it is not set."""
        value: Json = dict(self.spec)
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return value

    @property
    def classifier(self) -> str:
        """How the student is made where it is no language model; else empty."""
        way = self.setting("student.train.with")
        return str(way) if way in ("linear", "embedding") else ""


def read_evidence(run: RunDir, ledger: Sequence[SpenderTotals]) -> RunEvidence:
    """Everything that the list looks at; UsageError names a file that is torn."""
    used = _object(run, "spec.json")
    parts = _object(run, "comparison.json")
    funnel = _object(run, "funnel.json").get("funnel", [])
    spec = used.get("spec")
    return RunEvidence(
        run=run.name,
        spec=spec if isinstance(spec, dict) else {},
        input_hashes=len(used.get("files") or {}),
        funnel={str(line.get("stage")): line for line in funnel if isinstance(line, dict)},
        compared=read_result(run / "comparison.json", Comparison) if parts else None,
        parts=parts,
        splits={name: _questions(run / f"{name}.jsonl") for name in _SPLITS if (run / f"{name}.jsonl").exists()},
        tests=_tests(run) if (run / "seeds.parquet").exists() else None,
        card=(run / "CARD.md").exists(),
        routing=_object(run, ROUTING) or None,
        outputs=_unchanged(run),
        ledger=ledger,
    )


def _object(run: RunDir, name: str) -> dict[str, Json]:
    return read_json(run / name, dict) if (run / name).exists() else {}


def _questions(path: Path) -> list[str]:
    """What is asked in each row of a split: its turns before the last answer. UsageError names a line that is no chat."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            turns = [(turn["role"], turn.get("content")) for turn in json.loads(line)["messages"]]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UsageError(
                f"{path}:{number} is {line[:40]!r}, expected a JSON object with messages; `distill export` writes it again"
            ) from None
        found.append(json.dumps(turns[:-1] if turns and turns[-1][0] == "assistant" else turns))
    return found


def _tests(run: RunDir) -> list[TestRow]:
    seeds = read_parquet(run / "seeds.parquet")
    rows = seeds.filter(pl.col("role") == "test")
    labels = rows["labels"].to_list() if "labels" in rows.columns else [None] * rows.height
    return [
        TestRow(str(text or ""), frozenset(str(value) for value in json.loads(held or "{}").values()))
        for text, held in zip(rows["input"].to_list(), labels, strict=True)
    ]


def _unchanged(run: RunDir) -> dict[str, bool]:
    stages = run.manifest()["stages"]
    written = {name: was for stage in stages.values() for name, was in (stage.get("outputs") or {}).items()}
    return {name: file_hash(run / name) == was for name, was in written.items()}
