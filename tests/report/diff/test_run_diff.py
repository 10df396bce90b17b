"""`distill diff` of two real runs: what was changed between them is what it says."""

from __future__ import annotations

import json
from pathlib import Path

from ended import Distill, refused

from distill.report.diff.run_diff import diff
from distill.rundir import RunDir


def test_what_was_changed_between_the_runs(home: Path) -> None:
    """The second has six rows fewer, four of the others got another answer, and `dedup.near` is another."""
    a, b = RunDir(home, "mood", 1), RunDir(home, "mood", 2)
    found = diff(a, b, examples=50)
    rows, tests = found.rows, found.tests
    assert rows.before == 90
    assert rows.before - rows.gone == rows.after - rows.added == rows.same + rows.relabelled
    assert rows.relabelled + tests.regraded == 4
    assert {(one.before, one.after) for one in rows.examples["relabelled"]} <= {
        ('{"mood": "cross"}', '{"mood": "glad"}')
    }
    assert sum(rows.why_gone.values()) == rows.gone
    assert {one.name for one in found.settings or []} == {"dedup.near", "seeds.jsonl"}
    near = next(one for one in found.settings or [] if one.name == "dedup.near")
    assert (near.before, near.after) == (0.85, 0.9)
    student = next(one for one in found.scores if (one.arm, one.metric) == ("student", "json_fields"))
    assert student.difference is not None
    assert student.difference.n + student.left_out == tests.same + tests.regraded
    assert student.left_out == tests.regraded
    assert (found.a.teacher, found.a.usd, found.a.sends) == ("scripted", 0.0, found.a.sends)


def test_a_run_beside_itself_differs_in_nothing(home: Path) -> None:
    a = RunDir(home, "mood", 1)
    found = diff(a, a)
    assert (found.rows.added, found.rows.gone, found.rows.relabelled) == (0, 0, 0)
    assert (found.gates, found.settings) == ([], [])
    assert all(one.difference is not None and one.difference.mean == 0 for one in found.scores)


def test_drops_by_gate_and_a_run_without_a_spec(home: Path) -> None:
    run = RunDir(home, "mood", 2)
    funnel = json.loads((run.path / "funnel.json").read_bytes())
    funnel["funnel"][-1]["dropped"] = {"over_quota": 7}
    (run.path / "funnel.json").write_text(json.dumps(funnel))
    (run.path / "spec.json").unlink()
    found = diff(RunDir(home, "mood", 1), run)
    assert [(one.reason, one.before, one.after) for one in found.gates if one.reason == "over_quota"] == [
        ("over_quota", 0, 7)
    ]
    assert found.settings is None


def test_command(home: Path, distill: Distill) -> None:
    said = distill("diff", "001", "002", "--home", home)
    assert said.code == 0
    assert said.out.startswith("mood/001 (20")
    assert "setting dedup.near: 0.85 -> 0.9" in said.out
    assert "rows: 90 -> " in said.out
    assert "score student json_fields: " in said.out
    same = json.loads(distill("diff", "--json", "--home", home).out)
    assert (same["a"]["run"], same["b"]["run"]) == ("mood/001", "mood/002")
    refused(distill("diff", "001", "009", "--home", home), "mood has no run 009")
    (home / "runs/mood/002/samples.parquet").unlink()
    refused(distill("diff", "--home", home), "samples.parquet is not there", "distill curate mood")
