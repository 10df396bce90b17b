"""A batch whose rows are computed apart teaches what the whole batch teaches."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.student.trainers import fine_tuning, row_threads
from distill.student.trainers.row_threads import PARTS, RowThreads, parts_of, threads_of


@given(rows=st.integers(1, 200), work=st.floats(0, 1e13))
def test_every_row_is_in_one_part_in_order(rows: int, work: float) -> None:
    parts = parts_of(rows, work)
    assert [row for part in parts for row in part] == list(range(rows))
    assert len(parts) == (1 if work < row_threads.LEAST_WORK else min(rows, PARTS))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize(
    ("parts", "gradient_bytes", "own_number", "threads"),
    [(8, 10**6, None, 8), (3, 10**6, None, 3), (8, 2**29, None, 4), (8, 2**33, None, 2), (8, 10**6, "3", 3), (8, 10**6, "x", 8),
     (1, 2**33, None, 1)],
)  # fmt: skip
def test_threads_are_bounded_by_parts_memory_and_the_user(
    parts: int, gradient_bytes: int, own_number: str | None, threads: int
) -> None:
    assert threads_of(parts, gradient_bytes, own_number) == threads


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    torch = pytest.importorskip("torch", reason="the training extra is not installed")
    monkeypatch.setattr(row_threads, "LEAST_WORK", 0)
    torch.manual_seed(0)
    return torch.nn.Linear(4, 3)


def test_gradients_are_those_of_the_whole_batch_and_add_to_earlier_ones(model: Any) -> None:
    import torch

    rows, before = torch.randn(20, 4), torch.get_num_threads()
    (2 * model(rows).square().sum()).backward()
    wanted = [weight.grad.clone() for weight in model.parameters()]
    model.zero_grad()
    threads, seen = RowThreads(model), set[str]()

    def loss(part: list[int]) -> Any:
        seen.add(threading.current_thread().name)
        return model(rows[part]).square().sum()

    try:
        totals = [threads.learn(loss, threads.parts(rows)) for _ in range(2)]
    finally:
        threads.close()
    for weight, found in zip(model.parameters(), wanted, strict=True):
        torch.testing.assert_close(weight.grad, found)
    torch.testing.assert_close(totals[0], model(rows).square().sum().detach())
    assert all(name.startswith("rows") for name in seen)
    assert torch.get_num_threads() == before


def test_every_thread_computes_with_as_many_of_pytorchs(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """MKL's number is that of the process, and a sum is divided by it: were it another one now and then, so would the weights be."""
    import torch

    monkeypatch.delenv("OMP_NUM_THREADS")
    before, threads, seen = torch.get_num_threads(), RowThreads(model), []
    torch.set_num_threads(16)
    rows = torch.randn(20, 4)

    def loss(part: list[int]) -> Any:
        seen.append(torch.get_num_threads())
        return model(rows[part]).sum()

    try:
        threads.learn(loss, threads.parts(rows))
        seen.append(torch.get_num_threads())
    finally:
        threads.close()
    assert (seen, torch.get_num_threads()) == ([2] * 9, 16)
    torch.set_num_threads(before)


def test_a_loss_that_fails_is_raised(model: Any) -> None:
    import torch

    threads = RowThreads(model)

    def loss(_part: list[int]) -> Any:
        raise ValueError("a row of no use")

    try:
        with pytest.raises(ValueError, match="of no use"):
            threads.learn(loss, threads.parts(torch.randn(9, 4)))
    finally:
        threads.close()


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_training_apart_and_whole_ends_with_the_same_losses(
    tiny_family: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accumulate: int
) -> None:
    turns = [
        [{"role": "user", "content": f"say {'very ' * (n % 4)}{n}"}, {"role": "assistant", "content": f"it is {n} {'!' * (n % 5)}"}]
        for n in range(13)
    ]  # fmt: skip
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"messages": each}) + "\n" for each in turns))

    def trained(least: float, out: str) -> list[dict[str, float]]:
        monkeypatch.setattr(row_threads, "LEAST_WORK", least)
        settings = fine_tuning.TuningSettings(epochs=2, batch_size=5, layers=1, accumulate=accumulate)
        files = fine_tuning.TuningFiles(tiny_family("llama"), rows, rows, tmp_path / out)
        found = fine_tuning.train(files, settings).steps
        seen = [{"loss": step.train_loss, "valid": step.valid_loss, "right": step.train_accuracy} for step in found]
        return [{name: value for name, value in step.items() if value is not None} for step in seen]

    whole, apart = trained(1e18, "whole"), trained(0, "apart")
    assert any("valid" in step for step in apart)
    for one, other in zip(apart, whole, strict=True):
        assert one == pytest.approx(other, rel=1e-3, abs=1e-4)
    assert trained(0, "again") == apart
