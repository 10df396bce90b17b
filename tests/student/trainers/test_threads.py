"""A training takes the cores that other programs leave to it."""

from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path
from typing import Any

import pytest

from distill.student.trainers.threads import (
    CoreTime,
    busy_seconds,
    free_cores,
    on_free_cores,
    others_busy,
)


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch", reason="the training extra is not installed")


STAT = """cpu  500 0 100 9000 50 0 10 40 0 0
cpu0 100 20 30 4000 25 1 5 19 7 0
cpu1 400 0 70 5000 25 0 5 21 0 0
intr 5 0
"""


@pytest.mark.parametrize(("others", "threads"), [(0.0, 4), (0.4, 4), (1.0, 3), (2.6, 1), (4.0, 1), (9.0, 1)])
def test_as_many_threads_as_cores_are_free_and_always_one(others: float, threads: int) -> None:
    assert free_cores(4, others) == threads


def test_a_core_that_waits_for_a_disk_is_not_busy_and_only_ours_are_counted() -> None:
    assert busy_seconds(STAT, {0}, 100) == pytest.approx(1.75)
    assert busy_seconds(STAT, {0, 1}, 100) == pytest.approx(1.75 + 4.96)


def test_what_this_process_did_is_none_of_the_others() -> None:
    assert others_busy(CoreTime(10.0, 50.0, 5.0), CoreTime(12.0, 53.5, 6.5)) == pytest.approx(1.0)
    assert others_busy(CoreTime(10.0, 50.0, 5.0), CoreTime(12.0, 51.0, 6.5)) == 0.0


def _spin(stop: float) -> None:
    while time.monotonic() < stop:
        pass


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="only Linux says what each core does")
def test_beside_busy_programs_one_thread_is_left_and_afterwards_all_are_back(
    torch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    given, before = torch.get_num_threads(), 2
    torch.set_num_threads(before)
    spawn = multiprocessing.get_context("fork")
    busy = [spawn.Process(target=_spin, args=(time.monotonic() + 30,)) for _ in range(2 * (os.cpu_count() or 1))]
    for one in busy:
        one.start()
    try:
        time.sleep(0.3)
        with on_free_cores() as cores:
            time.sleep(0.3)
            cores.adapt()
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == before
    finally:
        torch.set_num_threads(given)
        for one in busy:
            one.kill()


def test_a_number_that_the_user_set_stays(torch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    before = torch.get_num_threads()
    with on_free_cores() as cores:
        time.sleep(0.3)
        cores.adapt()
        assert torch.get_num_threads() == before
