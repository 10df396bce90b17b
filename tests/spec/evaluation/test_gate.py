"""`evaluate.gate`: its keys, their ranges, and the key that is another word in Python."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from distill.spec.evaluation.evaluate import Evaluate


def test_schema_is_the_key_and_nothing_is_asked_for_by_default() -> None:
    assert Evaluate().gate is None
    gate = Evaluate.model_validate({"gate": {"schema": 0.98}}).gate
    assert gate is not None
    assert (gate.schema_, gate.points, gate.coverage) == (0.98, None, None)


@pytest.mark.parametrize(
    "given", [{"schema": 98}, {"points": "two"}, {"coverage": -0.1}, {"forgetting": -1}, {"strata": 101}, {"score": 1}]
)
def test_what_no_gate_can_be(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Evaluate.model_validate({"gate": given})
