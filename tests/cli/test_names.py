"""One way to name a task and a run, for every verb, from wherever it is called."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ended import Distill

from distill.cli.app import VERBS

EVERY = [verb for verbs in VERBS.values() for verb in verbs]
FORMS: dict[str, Callable[[Path], object]] = {
    "its task.yaml": lambda folder: folder / "task.yaml",
    "its folder": lambda folder: folder,
    "its name": lambda _: "mood",
    "a run": lambda _: "mood/001",
    "a run's folder": lambda folder: folder.parents[1] / "runs" / "mood" / "001",
    "the newest run": lambda _: "latest",
}
OF_A_TASK = {
    "validate": (), "plan": ("--no-pilot",), "exam": (), "run": ("--anyway",), "generate": ("--anyway",), "curate": ("--what-if", "length.max_tokens=5"),
    "export": (), "train": (), "evaluate": (), "report": (), "status": (), "show": (), "explain": ("1",),
    "refresh": ("--anyway", "--apply", "--set", "evaluate.margin=0.1"),
    "preflight": (), "roi": (), "checklist": (), "push": ("--to", "pushed"), "verify": (), "clean": ("--keep", "0", "--yes"),
}  # fmt: skip
"""Verb → what it takes besides; `calibrate` needs labelled answers, `ship`, `routes`, `curve`, `ablate`, `chat` and those of
the registry a student, `diff` two runs, `monitor` logs, and `proxy` an API; they name it as the others do."""


@pytest.mark.parametrize("verb", EVERY)
def test_every_verb_helps(verb: str, distill: Distill) -> None:
    shown = distill(verb, "-h")
    assert (shown.code, shown.err) == (0, "")
    assert f"distill {verb}" in shown.out


@pytest.fixture
def ran(task_folder: Path, distill: Distill) -> Path:
    """The task's folder in a project of which one run is finished."""
    spec = task_folder / "task.yaml"
    spec.write_text(spec.read_text().replace("exam: {rows: 0}", "exam: {rows: 1}").replace("accept: 20", "accept: 4"))
    project = task_folder.parents[1]
    (project / ".git").mkdir()
    (project / "deep" / "er").mkdir(parents=True)
    assert distill("run", task_folder, "--anyway").code == 0
    return task_folder


def test_every_form_means_the_same_in_the_project_below_it_and_by_a_path_elsewhere(
    ran: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`validate` takes a task, `show` a run, `status` either."""
    project = ran.parents[1]
    for place in (project, project / "deep" / "er", Path("/")):
        monkeypatch.chdir(place)
        given = [form(ran) for form in FORMS.values()]
        for name in given if place != Path("/") else [one for one in given if Path(str(one)).is_absolute()]:
            assert "run mood/001" in distill("status", name).out, (place, name)
            if place != project:
                continue
            assert "run mood/001: 4 rows kept" in distill("show", name, "kept").out, name
            assert "valid; 48 seeds" in distill("validate", name).out, name


def test_every_verb_takes_a_run_for_its_task(ran: Path, distill: Distill) -> None:
    """`refresh` begins the next run, and `clean` removes it: the first one stays, since the next refreshes it."""
    for verb, more in OF_A_TASK.items():
        said = distill(verb, "mood/002" if verb == "clean" else "mood/001", *more)
        assert said.code == 0, (verb, said)


def test_every_verb_that_takes_a_name_is_tried() -> None:
    alone = {
        "init",
        "adopt",
        "list",
        "advise",
        "scale",
        "explain-miss",
        "calibrate",
        "gates",
        "presets",
        "schema",
        "fault-server",
        "ship",
        "curve",
        "ablate",
        "chat",
        "promote",
        "rollback",
        "history",
        "diff",
        "routes",
        "monitor",
        "host",
        "proxy",
    }
    assert set(OF_A_TASK) | alone == set(EVERY)


def test_names_of_another_project_need_its_folder(
    ran: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    for verb in ("status", "show"):
        assert "--home" in distill(verb, "mood/001").err
        assert distill(verb, "mood/001", "--home", ran.parents[1]).code == 0
    assert "task.yaml" in distill("validate", "mood").err
