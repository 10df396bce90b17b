"""`--processes`: what cannot be started is refused before anything is opened, asked or paid for."""

from __future__ import annotations

from pathlib import Path

import pytest
from ended import Distill, refused

LOCAL = "student.train={with: lora, batch_size: 6}"


@pytest.mark.parametrize(
    ("given", "train", "said"),
    [
        ("many", LOCAL, "--processes is 'many': expected a number from 1 to 1,024, or auto"),
        ("0", LOCAL, "expected a number from 1"),
        ("4", LOCAL, "a step of 6 rows (student.train.batch_size × accumulate) cannot be divided among 4 processes; start 1 or 2 or 3 or 6"),
        ("2", "student.train={with: linear}", "trains no language model on this machine"),
        ("2", "student.train={with: lora, preference: {}}", "pairs (student.train.preference) are trained in one process"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["train", "run"])
def test_what_cannot_be_started_is_refused(
    verb: str, given: str, train: str, said: str, task: Path, distill: Distill
) -> None:
    refused(distill(verb, task, "--processes", given, "--set", train), said)
    assert not (task.parent / "runs").exists()


def test_it_is_not_given_to_a_launcher_as_well(task: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    refused(
        distill("train", task, "--processes", "2"),
        "a launcher has started 2 processes already; take one of the two out",
    )


def test_one_process_is_no_other_than_none_named(task: Path, distill: Distill) -> None:
    """Also `auto`, where there is no GPU or nothing that several could train."""
    for given in ("1", "auto"):
        assert distill("run", task, "--processes", given).code == 0, given
