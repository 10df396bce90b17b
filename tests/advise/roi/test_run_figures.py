"""What a finished run measured."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from distill.advise.roi.run_figures import models_of, read_figures
from distill.errors import UsageError
from distill.evaluate.selective.cascade import Selective
from distill.rundir import RunDir
from distill.stats import proportion


def test_tokens_of_each_call_the_gap_and_the_training(finished_moods: Path) -> None:
    run = RunDir(finished_moods.parent, "mood", 1)
    found = read_figures(run, [], models_of(run))
    assert (found.teacher, found.trained_with) == ("scripted", "linear")
    assert len(found.arms["teacher"].prompt_tokens) == 80
    assert min(found.arms["teacher"].prompt_tokens) > 0
    assert found.gap is not None
    assert (found.gap.a, found.gap.b) == ("student", "teacher")
    assert found.train_seconds is not None
    assert found.coverage is None


def test_a_coverage_is_read_where_the_comparison_has_one(finished_moods: Path) -> None:
    run = RunDir(finished_moods.parent, "mood", 1)
    path = run.path / "comparison.json"
    selective = Selective(0.05, coverage=proportion(62, 100))
    path.write_text(json.dumps(json.loads(path.read_text()) | {"selective": asdict(selective)}))
    assert read_figures(run, [], models_of(run)).coverage == 0.62


def test_a_run_that_has_compared_nothing_has_no_figures_and_a_torn_file_is_said(finished_moods: Path) -> None:
    run = RunDir(finished_moods.parent, "mood", 1)
    (run.path / "comparison.json").unlink()
    (run.path / "calls.parquet").unlink()
    found = read_figures(run, [], models_of(run))
    assert (found.arms, found.gap) == ({}, None)
    (run.path / "spec.json").write_text("[")
    with pytest.raises(UsageError, match=r"spec\.json"):
        models_of(run)
