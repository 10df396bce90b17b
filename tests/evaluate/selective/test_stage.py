"""Whole runs that set rows apart to calibrate: what the student answers alone, in the comparison, the report, and routing.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from distill.evaluate.selective import nearness, routing
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.student.trainers import linear
from distill.task.run import ORDER
from distill.teacher.progress import Silent

SETS = (
    "seeds.gold_rows=train", "seeds.test={rows: 60, gold: true}", "dataset.accept=null", "student.train.with=linear",
    "evaluate.arms=[teacher, student]",
)  # fmt: skip
CALIBRATED = "evaluate.calibration.rows=80"


@pytest.fixture
def moods(task: Path) -> Path:
    """300 rows with a known answer; in one of ten no word tells the mood."""
    words = {"glad": "thank you, lovely", "cross": "never again, awful"}
    rows = []
    for n in range(300):
        mood = "glad" if n % 2 or n % 20 == 10 else "cross"
        said = words[mood] if n % 10 else "well, well"
        rows.append(
            {"message": f"{said} {n * 7919} {n * 104729 % 9973}", "kind": "ab"[n % 3 % 2], "expected": {"mood": mood}}
        )
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return task


def run(task: Path, *sets: str) -> Run:
    return running.start(open_task(task, overrides=(*SETS, *sets), env={}), stages=ORDER, watch=Silent())


def comparison(result: Run) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((result.folder / "comparison.json").read_bytes())
    return found


def test_a_run_says_what_the_student_answers_alone_and_ships_the_threshold(moods: Path) -> None:
    result = run(moods, CALIBRATED)
    found = comparison(result)
    selective, where = found["selective"], routing.read(result.folder / routing.FILE)
    assert selective["threshold"]["rows"] == 80
    assert 0 < selective["threshold"]["kept"] < 80
    assert selective["threshold"]["bound"] <= 0.05
    assert (selective["against"], selective["signal"], selective["fields"]) == (
        "known answers",
        "linear model",
        ["mood"],
    )
    assert where.threshold == selective["threshold"]["confidence"]
    assert any(sentence.startswith("The student answers") for sentence in found["verdict"]["sentences"])
    seeds, samples = (pl.read_parquet(result.folder / f"{name}.parquet") for name in ("seeds", "samples"))
    apart = seeds.filter(role="calibration")["seed_id"]
    assert not set(apart) & set(samples["seed_id"])
    page, text = ((result.folder / name).read_text() for name in ("report.html", "REPORT.md"))
    assert "What may it answer alone?" in page
    assert "## What may it answer alone?" in text
    lines = {line["stage"]: line for line in json.loads((result.folder / "funnel.json").read_bytes())["funnel"]}
    assert lines["calibration"]["aside"] == 80
    again = run(moods, CALIBRATED)
    assert set(ORDER) <= set(again.skipped)


def test_the_files_that_ship_route_the_test_rows_as_the_run_did(moods: Path) -> None:
    result = run(moods, CALIBRATED)
    tests = pl.read_parquet(result.folder / "seeds.parquet").filter(role="test")
    where = routing.read(result.folder / routing.FILE)
    model = linear.load(result.folder / "student" / "linear.npz")
    near = nearness.load(result.folder / routing.VECTORS, where.floor).nearest(tests["input"].to_list())
    said = zip(model.predict(tests["input"].to_list()), near.tolist(), strict=True)
    kept = sum(where.keeps(confidence=one.confidence, nearness=close) for one, close in said)
    assert kept / tests.height == pytest.approx(comparison(result)["selective"]["coverage"]["mean"])


def test_too_few_rows_answer_nothing_and_say_how_many_would_do(moods: Path) -> None:
    found = comparison(run(moods, "evaluate.calibration.rows=30"))
    assert found["selective"]["threshold"]["kept"] == 0
    (said,) = [one for one in found["verdict"]["sentences"] if one.startswith("The student answers 0 %")]
    assert "59 is the least that could" in said


def test_without_the_setting_no_row_is_set_apart_and_old_runs_stay_as_they_are(moods: Path) -> None:
    result = run(moods)
    assert comparison(result)["selective"] is None
    assert set(pl.read_parquet(result.folder / "seeds.parquet")["role"]) == {"train", "test"}
    assert not (result.folder / routing.FILE).exists()
    manifest = json.loads((result.folder / "manifest.json").read_bytes())
    for stage in manifest["stages"].values():
        stage["reads"] = {
            name: seen for name, seen in stage["reads"].items() if "calibration" not in name and "risk" not in name
        }
    (result.folder / "manifest.json").write_text(json.dumps(manifest))
    assert set(ORDER) <= set(run(moods).skipped)
