"""The times of a task's stages, from the manifests of its runs."""

from __future__ import annotations

from pathlib import Path

from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.rundir import RunDir
from distill.task import stage_times
from distill.task.run import ORDER
from distill.teacher.progress import Silent, StageTime


class Heard(Silent):
    """Keeps what was announced, and the stages that began."""

    def __init__(self) -> None:
        self.announced: list[list[StageTime]] = []
        self.begun: list[str] = []

    def ahead(self, stages: list[StageTime]) -> None:  # type: ignore[override]  # a list is what comes
        self.announced.append(stages)

    def stage(self, name: str, note: str = "") -> None:  # noqa: ARG002  # the run passes it
        self.begun.append(name)


def run(task: Path, *sets: str, **how: object) -> Heard:
    heard = Heard()
    running.start(
        open_task(task, overrides=sets, env={}),
        watch=heard,
        **{"stages": ORDER, **how},  # type: ignore[arg-type]  # options of any test
    )
    return heard


def test_the_newest_run_that_has_a_stage_counts(tmp_path: Path) -> None:
    for number, times in ((1, {"train": 60.0, "evaluate": 9.0}), (2, {"train": 20.0}), (3, {})):
        folder = RunDir(tmp_path, "mood", number)
        folder.path.mkdir(parents=True)
        for name, seconds in times.items():
            folder.record(name, {"seconds": seconds})
    assert stage_times.last_seconds(tmp_path, "mood") == {"train": 20.0, "evaluate": 9.0}
    (tmp_path / "runs/mood/003/manifest.json").write_text("[]")  # its owner is told elsewhere
    assert stage_times.last_seconds(tmp_path, "mood")["train"] == 20.0
    assert stage_times.last_seconds(tmp_path, "none") == {}


def test_time_of_a_stage_whose_answers_were_all_stored_is_that_of_the_time_before() -> None:
    first = stage_times.asking_seconds(90.0, 200, None)
    again = stage_times.asking_seconds(0.3, 0, first)
    assert (first, again) == ({stage_times.ASKING: 90.0}, {stage_times.ASKING: 90.0})
    assert stage_times.asking_seconds(0.3, 0, {"seconds": 4.0}) == {}


def test_a_run_announces_its_stages_once_and_an_unchanged_one_announces_nothing(task: Path) -> None:
    """A first run knows no time; the task trains nothing, so there are five stages."""
    (first,) = run(task).announced
    assert [stage.name for stage in first] == ["generate", "curate", "export", "evaluate", "report"]
    assert {stage.seconds for stage in first} == {None}
    again = run(task)
    assert (again.announced, again.begun) == ([], [])


def test_skipped_stages_count_as_nothing_and_the_others_as_last_time(task: Path) -> None:
    run(task, stages=ORDER[:3])
    folder = RunDir(task.parent, "mood", 1)
    folder.record("export", {**folder.manifest()["stages"]["export"], "seconds": 7.0})
    heard = run(task, "expect.rows=5")
    (found,) = heard.announced
    assert [stage.skipped for stage in found] == [True, True, False, False, False]
    assert found[2] == StageTime("export", 7.0)
    assert found[3].seconds is None
    assert heard.begun[0] == "export"


def test_a_stage_alone_announces_nothing(task: Path) -> None:
    assert run(task, stages=("generate",)).announced == []
