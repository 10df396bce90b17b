"""curve.json: read back as it was written, and only while the dataset is the one that it is about."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from distill.atomic_write import write_json
from distill.errors import UsageError
from distill.evaluate.curve.result import (
    CurveAdvice,
    CurveFile,
    CurvePoint,
    Doubling,
    LastStep,
    LearningCurve,
    RowPrice,
    SeedScore,
    dataset_key,
    read_curves,
)
from distill.rundir import RunDir
from distill.stats import Estimate

CURVE = LearningCurve(
    run="mood/001", student="linear", metric="json_fields", measure="of the fields right", test_rows=40, scored=39, seeds=2, interval="95 %",
    points=[CurvePoint(50, Estimate(0.5, 0.4, 0.6, 39), [SeedScore(0, 0.4, None), SeedScore(1, 0.6, 2.5)])],
    last_step=LastStep(25, 50, Estimate(0.1, -0.1, 0.3, 39)), doubling=Doubling(100, 0.1, 0.05, 0.2), price=RowPrice(None, 0),
    advice=CurveAdvice("undecided", "Not decided."),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> RunDir:
    run = RunDir(tmp_path, "mood", 1)
    run.path.mkdir(parents=True)
    for name in ("train.jsonl", "valid.jsonl", "test.jsonl"):
        (run.path / name).write_text("{}\n")
    write_json(run.path / "curve.json", asdict(CurveFile(dataset_key(run), {"linear": CURVE})))
    return run


def test_a_curve_is_read_back_as_it_was_written(folder: RunDir) -> None:
    assert read_curves(folder) == {"linear": CURVE}
    assert CURVE.points[0].seconds == 2.5


def test_a_curve_of_other_rows_is_left_out(folder: RunDir) -> None:
    (folder.path / "valid.jsonl").write_text('{"messages": []}\n')
    assert read_curves(folder) == {}
    (folder.path / "curve.json").unlink()
    assert read_curves(folder) == {}


def test_a_torn_file_names_the_command_that_writes_it(folder: RunDir) -> None:
    torn = json.loads((folder.path / "curve.json").read_text())
    del torn["curves"]["linear"]["points"]
    (folder.path / "curve.json").write_text(json.dumps(torn))
    with pytest.raises(UsageError, match=r"curves\.linear\.points is missing.*`distill curve mood` writes it again"):
        read_curves(folder)
