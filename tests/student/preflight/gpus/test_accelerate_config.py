"""A configuration of accelerate, as accelerate itself reads it: taken where each process holds the whole base, refused where not."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.student.preflight.gpus.accelerate_config import Launch, read

TWO_MACHINES = """\
compute_environment: LOCAL_MACHINE
distributed_type: MULTI_GPU
mixed_precision: 'no'
use_cpu: false
num_processes: 8
num_machines: 2
machine_rank: 0
main_process_ip: 10.0.0.1
main_process_port: 29500
"""


def test_processes_and_machines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(TWO_MACHINES)
    assert read(path) == Launch(8, 2)
    assert read(path).each == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TWO_MACHINES.replace("MULTI_GPU", "FSDP"), "distributed_type is FSDP, .* expected MULTI_GPU"),
        (TWO_MACHINES.replace("num_processes: 8", "num_processes: 7"), "num_processes is 7 on 2 machines"),
        (TWO_MACHINES + "no_such_key: 1\n", "accelerate cannot read it .*no_such_key"),
        ("- a list\n", "accelerate cannot read it"),
        (None, "accelerate cannot read it .*does not exist"),
    ],
)
def test_what_this_trainer_does_not_start_is_refused(text: str | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=said):
        read(path)
