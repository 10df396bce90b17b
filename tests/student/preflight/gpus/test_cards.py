"""GPUs by name or by memory, and what is said where neither is known."""

from __future__ import annotations

import pytest

from distill.errors import UsageError
from distill.student.preflight.gpus.cards import GIB, gpus


@pytest.mark.parametrize("memory", ["80", "80GB", "80 gb", "80GiB", "80g"])
def test_memory_is_read_as_people_write_it(memory: str) -> None:
    found = gpus(4, memory=memory, machines=2)
    assert (found.each, found.machines, found.all, found.memory_bytes, found.flops) == (4, 2, 8, 80 * GIB, None)


def test_a_name_tells_memory_and_speed_and_memory_may_be_another() -> None:
    assert gpus(None, name="H100").memory_bytes == 80 * GIB
    found = gpus(2, name="h100", memory="94GB")
    assert (found.memory_bytes, found.flops, found.name) == (94 * GIB, 989e12, "h100")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "--gpu-memory 80GB, or --gpu with one of a10"),
        ({"name": "h10"}, "'h10' is not in the table; did you mean 'h100'"),
        ({"memory": "lots"}, "--gpu-memory is 'lots': expected the memory of one GPU in GB, say 80GB"),
        ({"memory": "0"}, "expected the memory"),
    ],
)
def test_what_is_not_known_is_asked_for(given: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        gpus(4, **given)  # type: ignore[arg-type]  # texts alone
