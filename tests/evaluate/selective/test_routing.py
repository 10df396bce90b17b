"""The file that says when the student's answer is taken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.evaluate.selective import routing
from distill.evaluate.selective.cascade import Selective
from distill.evaluate.selective.threshold import ConfidenceThreshold

LIMIT = ConfidenceThreshold(0.9, 300, 190, 4, 0.0477)
FOUND = Selective(limit=0.05, against="teacher", signal="token probabilities", fields=["intent"], threshold=LIMIT)


def made() -> routing.Routing:
    hashes = {"student": "aa", "dataset": "bb"}
    return routing.routing_of(FOUND, LIMIT, floor=0.2, hashes=hashes, teacher="big")


def test_it_is_written_and_read_again(tmp_path: Path) -> None:
    routing.write(tmp_path / "routing.json", made())
    assert routing.read(tmp_path / "routing.json") == made()
    kept = json.loads((tmp_path / "routing.json").read_text())
    assert (kept["version"], kept["threshold"], kept["fields"], kept["student"]) == (1, 0.9, ["intent"], "aa")
    assert kept["bound"] == {"risk": 0.05, "confidence": 0.95, "upper": 0.0477, "rows": 300, "kept": 190, "errors": 4}
    (tmp_path / "routing.json").write_text("{}")
    with pytest.raises(UsageError, match=r"routing\.json cannot be read"):
        routing.read(tmp_path / "routing.json")


def test_an_answer_is_kept_above_the_threshold_and_near_the_training_rows() -> None:
    assert made().keeps(confidence=0.91, nearness=0.3)
    assert not made().keeps(confidence=0.9, nearness=0.3)
    assert not made().keeps(confidence=1.0, nearness=0.1)
