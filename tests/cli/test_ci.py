"""A gate from the spec to the exit code, and the files for CI."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

from ended import Distill

GATE = ("--set", "evaluate.gate={schema: 0.5, coverage: 0.5}")


def suite_of(xml: bytes) -> Xml.Element:
    """The one suite of a file."""
    [suite] = Xml.fromstring(xml)  # noqa: S314 - of our own making
    assert suite.tag == "testsuite"
    return suite


def test_a_gate_that_is_not_met_ends_with_4_and_both_files_say_why(task: Path, distill: Distill) -> None:
    """No student is trained, so nothing of it is measured."""
    folder = task.parent
    said = distill("run", task, *GATE, "--junit", folder / "gate.xml", "--summary", folder / "summary.md")
    assert said.code == 4
    assert "gate schema: not measured" in said.out
    suite = suite_of((folder / "gate.xml").read_bytes())
    assert (suite.get("tests"), suite.get("failures")) == ("2", "2")
    assert "| coverage | ❌ not measured |" in (folder / "summary.md").read_text()
    again = distill("evaluate", task, *GATE, "--summary", folder / "summary.md", "--json")
    assert again.code == 4
    assert [one["state"] for one in json.loads(again.out)["gate"]] == ["not measured"] * 2
    assert (folder / "summary.md").read_text().count("## mood/001") == 2


def test_a_gate_trains_and_asks_nothing_again(task: Path, distill: Distill) -> None:
    """Its figures are in no key of such a stage; only what shows the command's overrides is written anew."""
    assert distill("run", task).code == 0
    found = json.loads(distill("run", task, *GATE, "--json").out)
    assert {"generate", "curate", "evaluate"} <= set(found["skipped"])
    assert (found["run"], found["requests_sent"], found["exit"]) == ("mood/001", 0, 4)
    assert (
        json.loads((task.parent / "runs/mood/001/spec.json").read_text())["spec"]["evaluate"]["gate"]["schema"] == 0.5
    )
    assert distill("curate", task, *GATE).code == 0


def test_a_finished_run_of_before_the_setting_was_known_goes_on(task: Path, distill: Distill) -> None:
    """Its spec.json lacks a key that is not set now either: that is no other spec."""
    assert distill("run", task).code == 0
    path = task.parent / "runs" / "mood" / "001" / "spec.json"
    used = json.loads(path.read_text())
    del used["spec"]["evaluate"]["gate"]
    path.write_text(json.dumps(used))
    assert json.loads(distill("run", task, "--json").out)["run"] == "mood/001"


def test_a_spec_without_a_gate_ends_as_before(task: Path, distill: Distill) -> None:
    said = distill("run", task, "--junit", task.parent / "gate.xml")
    assert said.code == 0
    assert "  gate " not in said.out
    suite = suite_of((task.parent / "gate.xml").read_bytes())
    assert suite.get("failures") == "0"
