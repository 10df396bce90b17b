"""Where an adapter answers: by which file, and under which name at a server that is running."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.pipeline.open_task import open_task
from distill.student import adapter


@pytest.mark.parametrize(
    ("sets", "file"),
    [
        ((), "adapter.gguf"),
        (("student.serve=transformers",), adapter.PEFT),
        (("student.train={with: full}",), adapter.MODEL),
        (("student.train={with: lora, base: org/tiny}", "student.serve=http://127.0.0.1:9/v1"), adapter.PEFT),
    ],
)
def test_the_file_is_that_of_what_serves_it(task: Path, sets: tuple[str, ...], file: str) -> None:
    opened = open_task(task, overrides=["student.train={with: lora}", *sets], env={}, priced=False)
    assert adapter.served(opened) == file


def test_only_a_server_knows_an_adapter_by_its_name(task: Path) -> None:
    """Elsewhere the file is what tells one from another."""
    tuned = task.parent / "adapter.gguf"
    tuned.write_bytes(b"weights")
    here = open_task(task, overrides=["student.train={with: lora}"], env={})
    there = open_task(
        task,
        overrides=["student.train={with: lora, base: org/tiny}", "student.serve=http://127.0.0.1:9/v1"],
        env={},
        priced=False,
    )
    local, served = (adapter.address(one.base, tuned, "mood-001") for one in (here, there))
    assert (local.model, served.model) == (here.base.model, "mood-001")
    assert local.adapter_id == served.adapter_id != ""
    tuned.write_bytes(b"others")
    assert adapter.address(here.base, tuned, "mood-001").identity != local.identity
