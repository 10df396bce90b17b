"""docs/schedule.md as written: its script and its crontab run in cron's bare environment, its units and its workflow are valid."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from promotable import rows, write_rows

from distill.lifecycle.calendar.result import DueKind
from distill.lifecycle.registry.promote import promote, rollback
from distill.lifecycle.registry.task_registry import TaskRegistry

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "schedule.md").read_text()
UNITS = re.findall(r"^`(distill-[\w@-]*\.\w+)`.*:$|`(distill-refresh\.service)`:$", PAGE, re.MULTILINE)
SCHEMA_CHECK = shutil.which("check-jsonschema")


def fenced(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def units() -> dict[str, str]:
    names = [one or other for one, other in UNITS]
    return dict(zip(names, fenced("ini"), strict=True))


def crontab() -> list[tuple[list[str], str]]:
    """(five fields, command) of each line."""
    lines = [line for line in fenced("cron")[0].splitlines() if line and line[0] in "0123456789*"]
    return [(line.split(maxsplit=5)[:5], line.split(maxsplit=5)[5]) for line in lines]


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Path:
    """A home folder as cron knows it: the finished runs of a task as `~/triage`, with the script and a virtual environment."""
    triage = tmp_path / "user" / "triage"
    triage.parent.mkdir()
    home.rename(triage)
    folder = triage / "prompts" / "support-triage"
    folder.mkdir(parents=True)
    for name in ("task.yaml", "seeds.jsonl", "answer.schema.json", "teacher.md", "student.md"):
        (triage / name).rename(folder / name)
    spec = (folder / "task.yaml").read_text()
    (folder / "task.yaml").write_text(spec + "dedup: {near: 0.9}\n")
    script = next(text for text in fenced("sh") if text.startswith("#!/bin/sh"))
    (triage / "refresh.sh").write_text(script)
    (triage / ".env").write_text("OPENAI_API_KEY=k\n")
    venv = triage / ".venv" / "bin"
    venv.mkdir(parents=True)
    (venv / "distill").write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m distill "$@"\n')
    (venv / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    for file in (triage / "refresh.sh", venv / "distill", venv / "python"):
        file.chmod(0o755)
    return triage


def bare(command: str, project: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """As cron starts it: the shell sh, two folders on the path, and no variable of ours but HOME."""
    env = {"HOME": str(project.parent), "PATH": "/usr/bin:/bin", **more}
    return subprocess.run(["/bin/sh", "-c", command], env=env, capture_output=True, text=True, check=False, cwd="/")


def serving(project: Path) -> str:
    return TaskRegistry(project, "mood").current()


@pytest.mark.slow
def test_the_crontab_refreshes_promotes_and_says_what_is_due(project: Path) -> None:
    """A student serves; new seeds come; the monthly line makes a run and promotes it; what is rolled back then stays so."""
    (_, due), (_, monthly) = crontab()
    promote("mood/002", project, anyway=True)
    first = serving(project)
    assert bare(due, project).stdout == ""
    write_rows(project / "prompts" / "support-triage", rows(150))
    done = bare(monthly, project)
    assert (done.returncode, done.stdout) == (0, ""), done
    assert (project / "runs" / "mood" / "003" / "report.html").exists()
    assert serving(project).startswith("students/002-")
    rollback("mood", project)
    assert bare(monthly, project).stdout == ""
    assert "nothing changed since run mood/003" in (project / "refresh.log").read_text()
    assert serving(project) == first
    (project / "runs" / "mood" / "003" / "manifest.json").write_text("{")
    mailed = bare(due, project)
    assert "run mood/003" in mailed.stdout
    assert "due now" in mailed.stdout


def test_what_another_process_holds_is_mailed_in_one_line(project: Path) -> None:
    """Nothing is switched meanwhile."""
    promote("mood/001", project, anyway=True)
    first, registry = serving(project), TaskRegistry(project, "mood")
    with registry.lock():
        said = bare(crontab()[1][1], project)
    assert f"process {os.getpid()}" in said.stdout
    assert serving(project) == first


def test_the_crontab_has_five_fields_a_line() -> None:
    assert len(crontab()) == 2
    for fields, command in crontab():
        assert all(re.fullmatch(r"\*|\*/\d+|\d+", field) for field in fields), fields
        assert "%" not in command  # which cron takes for the end of a line


def test_every_unit_starts_what_the_crontab_starts() -> None:
    found = units()
    assert sorted(found) == [
        "distill-due.service", "distill-due.timer", "distill-failed@.service", "distill-refresh.service", "distill-refresh.timer",
    ]  # fmt: skip
    commands = [command for _, command in crontab()]
    for name, command in (("distill-due", commands[0]), ("distill-refresh", commands[1])):
        unit = configparser.ConfigParser(interpolation=None)
        unit.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys know upper case
        unit.read_string(found[f"{name}.service"])
        start = unit["Service"]["ExecStart"].removeprefix("%h/triage/")
        assert start in command.replace("$HOME/triage/", "")
        assert unit["Unit"]["OnFailure"] == "distill-failed@%n.service"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_the_units_are_valid(project: Path, tmp_path: Path) -> None:
    """By systemd's own check, which is silent about a good unit."""
    folder = tmp_path / "units"
    folder.mkdir()
    (tmp_path / "run").mkdir(mode=0o700)
    for name, text in units().items():
        (folder / name).write_text(text)
    env = {"HOME": str(project.parent), "PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path / "run")}

    def verified(*files: Path) -> subprocess.CompletedProcess[str]:
        call = ["systemd-analyze", "--user", "verify", *files]
        return subprocess.run(call, env=env, capture_output=True, text=True, check=False)

    good = verified(*sorted(folder.iterdir()))
    assert (good.returncode, good.stderr) == (0, "")
    (folder / "wrong.service").write_text(units()["distill-due.service"].replace("Type=", "Typ="))
    assert "Unknown key" in verified(folder / "wrong.service").stderr


def workflow() -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(fenced("yml")[0])
    return found


def test_each_schedule_of_the_workflow_starts_one_job() -> None:
    found = workflow()
    crons = [one["cron"] for one in found[True]["schedule"]]  # `on` is a truth to YAML 1.1
    assert crons == [" ".join(fields) for fields, _ in reversed(crontab())]
    conditions = {name: job["if"] for name, job in found["jobs"].items()}
    assert conditions == {
        "refresh": f"github.event.schedule != '{crons[1]}'", "due": f"github.event.schedule == '{crons[1]}'",
    }  # fmt: skip
    assert found["concurrency"]["cancel-in-progress"] is False


@pytest.mark.slow
def test_the_steps_of_the_workflow_run(project: Path, tmp_path: Path) -> None:
    """By the shell and with the folder that the workflow names, in the order of a job."""
    found = workflow()
    assert found["defaults"]["run"] == {"shell": "bash", "working-directory": "/srv/triage"}
    env = {"HOME": str(project.parent), "PATH": "/usr/bin:/bin", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    promote("mood/002", project, anyway=True)
    steps = [step["run"] for job in ("refresh", "due") for step in found["jobs"][job]["steps"]]
    assert steps[0] == "./refresh.sh"  # which the crontab starts too
    for step in steps[1:]:
        call = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step]
        done = subprocess.run(call, env=env, cwd=project, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (step, done)
    assert (tmp_path / "summary.md").read_text().startswith("```\n1 task on 20")


@pytest.mark.skipif(SCHEMA_CHECK is None, reason="needs check-jsonschema")
def test_the_workflow_keeps_to_its_schema(tmp_path: Path) -> None:
    (tmp_path / "distill.yml").write_text(fenced("yml")[0])
    call = [str(SCHEMA_CHECK), "--builtin-schema", "vendor.github-workflows", tmp_path / "distill.yml"]
    assert subprocess.run(call, check=False, capture_output=True).returncode == 0


def test_the_table_names_every_kind_of_thing_that_is_due() -> None:
    part = PAGE.partition("## What is due")[2].partition("\n## ")[0]
    named = [
        name
        for line in part.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    ]
    assert sorted(named) == sorted(DueKind.__args__)


def test_what_the_page_shows_fits_a_terminal() -> None:
    assert max(map(len, fenced("text")[0].splitlines())) <= 80
    assert json.dumps(PAGE).isascii()
