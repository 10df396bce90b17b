"""What gates are worth, by real trainings on a teacher that guesses: gates whose worth is known are told by it."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from guesses import ONE_LABEL, finished
from moods import SPEC

from distill.errors import UsageError
from distill.evaluate.ablation.result import Ablation, LeftOut, read_ablations
from distill.pipeline import run as running
from distill.pipeline.ablation.ablate import ablated
from distill.pipeline.ablation.plan import AblationPlan, AblationRequest
from distill.pipeline.open_task import open_task
from distill.rundir import RunDir
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.endpoint.stopping import Stopped
from distill.teacher.progress import Silent

Guesses = tuple[Task, RunDir]


def ablation(
    task: Task, folder: RunDir, request: AblationRequest | None = None, watch: Silent | None = None
) -> tuple[Ablation, AblationPlan]:
    plans: list[AblationPlan] = []
    found = ablated(task, folder, request or AblationRequest(), watch or Silent(), told=plans.append)
    return found, plans[0]


def by_name(found: Ablation) -> dict[str, LeftOut]:
    return {one.name: one for one in found.left_out}


def test_a_gate_that_drops_wrong_answers_is_worth_it_and_one_by_chance_is_not_told(guesses: Guesses) -> None:
    """Equally many rows, every row accounted for, nothing of the run changed; a second time nothing is trained."""
    task, folder = guesses
    before = {path.name: path.read_bytes() for path in folder.path.iterdir() if path.is_file()}
    spent = (task.home / ".distill" / "answers.db").stat().st_size
    found, plan = ablation(task, folder)
    assert [one.name for one in found.left_out] == ["verify", "form", "dedup", "balance"]
    assert (plan.trainings, plan.to_train) == (15, 15)
    own = by_name(found)
    verify = own["verify"]
    assert verify.effect is not None
    assert verify.effect.low > 0.2
    assert verify.sure[0] <= verify.effect.low
    assert verify.advice.word == "worth"
    assert verify.let_in > 50
    assert own["form"].advice.word in ("undecided", "even")
    assert own["form"].dropped > 50
    for same in (own["dedup"], own["balance"]):
        assert same.advice.word == "no_rows"
        assert same.effect is same.without is None
    for one in found.left_out:
        assert one.counts.add_up
        assert one.counts.answers == 400
        assert one.counts.trained == found.rows == found.counts.trained
    again, plan = ablation(task, folder)
    assert (plan.to_train, again) == (0, found)
    assert read_ablations(folder) == {"linear": found}
    changed = {name for name, data in before.items() if (folder.path / name).read_bytes() != data}
    assert changed <= {".lock"}
    assert (task.home / ".distill" / "answers.db").stat().st_size == spent


def test_only_what_is_missing_is_trained(guesses: Guesses) -> None:
    """After a kill that left one training without its end, and after one of other rows."""
    task, folder = guesses
    request = AblationRequest("verify", seeds=2, rows=60)
    found, plan = ablation(task, folder, request)
    assert plan.trainings == 4
    (folder.path / "ablation/linear/verify/00060-1/point.json").unlink()
    again, plan = ablation(task, folder, request)
    assert (plan.to_train, again.left_out[0].effect) == (1, found.left_out[0].effect)


def test_a_gate_that_drops_what_is_right_is_harmful(tmp_path: Path) -> None:
    """It drops one of two labels, so nothing but the other is learnt."""
    task, folder = finished(tmp_path, ["schema", {"verify": {"seconds": 20}}, ONE_LABEL])
    found = by_name(ablation(task, folder, AblationRequest("form"))[0])["form"]
    assert found.advice.word == "harmful"
    assert found.effect is not None
    assert found.effect.high < -0.2


def test_a_dataset_of_another_spec_is_refused(guesses: Guesses) -> None:
    _, folder = guesses
    other = open_task(folder.home / "task.yaml", overrides=["gates=[schema]"], env={})
    with pytest.raises(UsageError, match=r"its dataset has .* not all the same.*`distill run mood`"):
        ablation(other, folder)


def test_what_cannot_be_trained_is_refused_with_its_numbers(guesses: Guesses) -> None:
    task, folder = guesses
    for request, message in (
        (AblationRequest("verify", rows=9), r"--rows is 9; expected 20 to \d+"),
        (AblationRequest("verify", rows=5000), r"--rows is 5,000; expected 20 to \d+, which is what there is"),
        (AblationRequest("verify", seeds=0), "--seeds is 0; expected 1 to 20"),
        (AblationRequest("verify", student="forest"), "--with forest: expected linear"),
    ):
        with pytest.raises(UsageError, match=message):
            ablation(task, folder, request)


class Stopping(Silent):
    """Ctrl-C at the third step."""

    def training(self, *, step: int, **_: object) -> None:
        if step == 3:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.slow
def test_a_language_model_without_the_balance_goes_on_after_an_interrupt(
    moods: Path, tiny_family: Callable[[str], Path]
) -> None:
    """The run's own student is the one with nothing left out; no validation row of the run is learnt by the other."""
    shutil.copytree(tiny_family("llama"), moods.parent / "base")
    sets = (
        "student.train={with: lora, base: ./base, epochs: 1, batch_size: 2, layers: 1, rank: 2}", "evaluate.arms=[student]",
        "teacher.sampling={max_tokens: 4}", "dataset.accept=30", "seeds.test={rows: 24, gold: true}",
    )  # fmt: skip
    task = open_task(moods, overrides=sets, env={})
    folder = RunDir(task.home, str(SPEC["task"]), 1)
    running.start(task, stages=ORDER, watch=Silent())
    request = AblationRequest("balance", seeds=1)
    with pytest.raises(Stopped, match="training was stopped at step 4 of 14"):
        ablation(task, folder, request, Stopping())
    assert not (folder.path / "ablation.json").exists()
    found, plan = ablation(task, folder, request)
    assert plan.own
    assert (plan.trainings, plan.to_train, found.rows) == (2, 1, 27)
    assert by_name(found)["balance"].let_in > 100
    assert by_name(found)["balance"].advice.word == "undecided", "the luck of one training is in no interval"
    lines = (folder.path / "ablation/lora/balance/00027-0/train.jsonl").read_bytes().splitlines()
    assert len(lines) == 27
    assert not set(lines) & set((folder.path / "valid.jsonl").read_bytes().splitlines())
    again, plan = ablation(task, folder, request)
    assert (plan.to_train, again) == (0, found)
