"""The names of signals, and the settings that take them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from distill.curate.gates.registry import GATES
from distill.lifecycle.monitor.rates.signals import GATED, LIMITS, SIGNALS
from distill.spec.lifecycle import monitor
from distill.spec.lifecycle.monitor import MonitorSettings


def test_the_spec_knows_every_signal_by_its_name() -> None:
    assert tuple(SIGNALS) == monitor.SIGNALS
    assert LIMITS.keys() <= SIGNALS.keys()


def test_the_gates_that_are_watched_need_no_call() -> None:
    assert {name: GATES[name].cost.split(";")[0] for name in GATED} == dict.fromkeys(GATED, "free")


def test_a_signal_that_there_is_not_is_a_fault() -> None:
    with pytest.raises(ValidationError, match="did you mean 'schema'"):
        MonitorSettings(limits={"shema": 0.1})
    with pytest.raises(ValidationError, match="no signal"):
        MonitorSettings(ignore=["everything"])
