"""When an endpoint is left out, and when it is tried again."""

from __future__ import annotations

import pytest

from distill.records import Answer, Ended
from distill.teacher.pool.circuit import Circuit, Health


def failed(circuit: Circuit, ended: Ended, now: float = 0.0, *, tried: bool = False) -> bool:
    return circuit.failed(Answer("r", ended, error="why"), now, tried=tried)


def test_an_endpoint_that_cannot_be_reached_is_down_at_once() -> None:
    circuit = Circuit()
    assert failed(circuit, Ended.CONNECTION)
    assert (circuit.health, circuit.why, circuit.due(0.9), circuit.due(1.0)) == (
        Health.DOWN, "connection: why", False, True,
    )  # fmt: skip


@pytest.mark.parametrize("ended", [Ended.OVERLOADED, Ended.TIMEOUT, Ended.BROKEN, Ended.MALFORMED])
def test_three_failures_in_a_row_take_an_endpoint_down_and_an_answer_between_them_does_not(ended: Ended) -> None:
    circuit = Circuit()
    for _ in range(5):
        assert not failed(circuit, ended)
        assert not failed(circuit, ended)
        assert not circuit.answered()
    assert [failed(circuit, ended) for _ in range(4)] == [False, False, True, False]


@pytest.mark.parametrize("ended", [Ended.RATE_LIMITED, Ended.REFUSED])
def test_an_endpoint_that_says_no_to_a_request_is_there(ended: Ended) -> None:
    circuit = Circuit()
    for _ in range(9):
        failed(circuit, Ended.OVERLOADED)
        failed(circuit, Ended.OVERLOADED)
        assert not failed(circuit, ended)
    assert circuit.living


def test_each_try_that_fails_doubles_the_wait_up_to_a_minute() -> None:
    circuit, waits = Circuit(), []
    failed(circuit, Ended.CONNECTION)
    for _ in range(8):
        waits.append(circuit.retry_at)
        failed(circuit, Ended.OVERLOADED, tried=True)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert circuit.answered()
    failed(circuit, Ended.CONNECTION)
    assert circuit.retry_at == 1


def test_calls_that_were_in_flight_before_do_not_lengthen_the_wait() -> None:
    circuit = Circuit()
    failed(circuit, Ended.CONNECTION)
    for _ in range(9):
        assert not failed(circuit, Ended.BROKEN, now=0.5)
    assert circuit.retry_at == 1


def test_a_key_that_is_refused_leaves_an_endpoint_out_for_longer() -> None:
    circuit = Circuit()
    assert circuit.failed(Answer("r", Ended.NO_ACCESS, error="no such model", status=404), 0.0, tried=False)
    assert (circuit.health, circuit.why, circuit.retry_at) == (Health.REFUSING, "404: no such model", 60)
    assert circuit.slowed("slow", 1.0, tried=False)
