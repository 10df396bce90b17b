"""The documents are true: their commands run, their generated pages are fresh, their links lead somewhere."""

from __future__ import annotations

import asyncio
import configparser
import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ended import Distill

from distill.testing.batch.states import BatchScript
from distill.testing.fault_server import Script, serve

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "data" / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]


def commands(page: Path) -> list[str]:
    """The lines that begin with `$ ` in the page's console blocks."""
    blocks = re.findall(r"^```console\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def test_the_readmes_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, distill: Distill) -> None:
    """Each `$ distill …` of the README ends with 0, in a copy of the project, in the order of the page.

    `rows.csv` holds rows of the example; a run asks the scripted teacher and stops at the dataset.
    """
    shown = commands(ROOT / "README.md")
    assert [command.split()[1] for command in shown] == ["init", "validate", "run", "validate", "plan"]
    for name in ("prompts", "data", "pyproject.toml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    data = (ROOT / "data" / "support_messages.jsonl").read_text().splitlines()[:150]
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["message", "category"])
        table.writerows((row["message"], row["intent"]) for row in map(json.loads, data))
    monkeypatch.chdir(tmp_path)
    free = ("teacher.model=scripted", "student.train.with=none", "evaluate.arms=[teacher]")
    for command in shown:
        words = command.split()
        assert words[0] == "distill"
        done = distill(*words[1:], *(word for one in free if words[1] == "run" for word in ("--set", one)))
        assert done.code == 0, (command, done.err)
    assert (tmp_path / "runs" / "rows" / "001" / "report.html").exists()


def test_the_readmes_make_targets_exist() -> None:
    """Every `make x` that the README names is a target."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z]+)", (ROOT / "README.md").read_text())) <= targets


def test_the_generated_pages_are_fresh(tmp_path: Path) -> None:
    """docs/cli.md and docs/task.schema.json are what `make docs` would write."""
    from distill.api.spec_schema import task_schema

    assert json.loads((ROOT / "docs" / "task.schema.json").read_text()) == task_schema(), "run `make docs`"
    page = tmp_path / "cli.md"
    typer = Path(sys.executable).with_name("typer")
    call = [typer, "distill.cli.app", "utils", "docs", "--name", "distill", "--output", page]
    subprocess.run(call, cwd=ROOT, check=True, capture_output=True)
    assert page.read_text() == (ROOT / "docs" / "cli.md").read_text(), "run `make docs`"


def test_the_page_on_curation_names_every_gate() -> None:
    from distill.curate.gates.registry import GATES

    rows = re.findall(r"^\| (`.*?`) \|", (ROOT / "docs" / "curation.md").read_text(), re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(GATES)


def test_the_specs_that_pages_show_are_specs() -> None:
    """Each YAML block of a page is a part of a spec that is taken as it stands."""
    from distill import spec

    whole: dict[str, Any] = {"task": "t", "seeds": {"from": "a.jsonl"}, "teacher": {"model": "m"}}
    texts = [page.read_text() for page in PAGES]
    blocks = [block for text in texts for block in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]
    assert len(blocks) > 20
    for block in blocks:
        part = yaml.safe_load(block)
        merged = {name: {**whole[name], **part.get(name, {})} for name in ("seeds", "teacher")}
        spec.TaskSpec.model_validate({**whole, **part, **merged})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    """Every relative link of a page is a file or folder of the project."""
    for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in link:
            assert (page.parent / link).exists(), link


def test_every_decision_is_in_the_index() -> None:
    """docs/index.md lists each page of docs/decisions."""
    index = (ROOT / "docs" / "index.md").read_text()
    assert all(f"decisions/{page.name}" in index for page in (ROOT / "docs" / "decisions").iterdir())


def test_the_layout_picture_names_every_package() -> None:
    """docs/concepts.md shows each module and folder at the top of the package."""
    picture = (ROOT / "docs" / "concepts.md").read_text()
    for path in sorted((ROOT / "distill").iterdir()):
        if path.name.startswith(("_", ".")) or path.suffix not in ("", ".py"):
            continue
        assert re.search(rf"^  {path.stem}\b|`{path.stem}`", picture, re.MULTILINE), path.name


def fenced(page: str, kind: str) -> list[str]:
    """The blocks of one kind that a page shows."""
    return re.findall(rf"^```{kind}\n(.*?)^```", (ROOT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)


def test_the_example_of_the_page_about_judges_is_calibrated(
    task: Path, monkeypatch: pytest.MonkeyPatch, distill: Distill
) -> None:
    """Its group, its labelled rows and its command, with the scripted model as the judge."""
    group = yaml.safe_load(fenced("judge.md", "yaml")[0])
    group["judge"]["models"] = [{"model": "scripted"}]
    (task.parent / "judge.md").write_text("Is the mood right?")
    (task.parent / "labelled.jsonl").write_text(fenced("judge.md", "jsonl")[0])
    task.write_text(yaml.safe_dump({**yaml.safe_load(task.read_text()), **group, "strata": {}}))
    words = commands(ROOT / "docs" / "judge.md")[0].split()
    assert words[:2] == ["distill", "calibrate"]
    monkeypatch.chdir(task.parent)
    done = distill(words[1], task, *words[3:], "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert [one["gate"] for one in found["gates"]] == ["schema", "finish_reason", "judge", "toxicity", "refusal"]
    assert (found["rows"], found["good"]) == (2, 1)


@pytest.mark.slow
async def test_the_crontab_brings_all_batches_home(task: Path, tmp_path: Path) -> None:
    """The line is run as written, by the shell that cron uses, until no batch is open: 3 while rows are at the host, then 0."""
    home = tmp_path / "home"
    folder = home / "triage" / "prompts" / "support-triage"
    shutil.copytree(task.parent, folder, ignore=lambda _at, _names: {"home"})
    (home / "triage" / ".distill").mkdir()
    distill = home / "triage" / ".venv" / "bin" / "distill"
    distill.parent.mkdir(parents=True)
    distill.write_text(f'#!/bin/sh\nexec {sys.executable} -m distill "$@"\n')
    distill.chmod(0o755)
    spec = (folder / "task.yaml").read_text()
    command = fenced("batch.md", "cron")[0].split(maxsplit=5)[5].strip()
    async with serve(Script(batch=BatchScript(hurry=36_000, hours=1))) as server:
        given = (
            f"model: m, mode: batch, base_url: '{server.base_url}', price: {{input: 1, output: 1}}, batch: {{rows: 20}}"
        )
        (folder / "task.yaml").write_text(spec.replace("model: scripted", given))
        (home / "triage" / ".env").write_text("OPENAI_API_KEY=k\n")
        ended = []
        while not ended or (ended[-1] == 3 and len(ended) < 40):
            shell = await asyncio.create_subprocess_exec(
                "/bin/sh", "-c", command, env={"HOME": str(home), "PATH": "/usr/bin:/bin"}
            )
            ended.append(await shell.wait())
            await asyncio.sleep(0.3)
        said = (home / "triage" / "batch.log").read_text()
        assert ended[-1] == 0, said
        assert ended[0] == 3
        assert len(server.ledger.bills) >= 2
        assert set(server.ledger.billed.values()) == {1}
    assert (home / "triage" / "runs" / "mood" / "001" / "report.html").exists()


def test_the_timer_does_what_the_crontab_does() -> None:
    """Both start the same command in the same folder with the same file of variables; rows at the host are no failure."""
    service, timer = (configparser.ConfigParser(interpolation=None) for _ in range(2))
    for parser in (service, timer):
        parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys know upper case
    service.read_string(fenced("batch.md", "ini")[0])
    timer.read_string(fenced("batch.md", "ini")[1])
    cron = fenced("batch.md", "cron")[0]
    unit = service["Service"]
    assert unit["ExecStart"].removeprefix("%h/triage/") in cron
    assert (unit["WorkingDirectory"], unit["EnvironmentFile"]) == ("%h/triage", "%h/triage/.env")
    assert unit["SuccessExitStatus"] == "3"
    assert timer["Timer"]["OnCalendar"] == "*:0/5"
    assert cron.startswith("*/5 * * * *")
