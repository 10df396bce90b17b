"""Faults of the metrics that a spec names."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.errors import SpecError
from distill.pipeline.open_task import open_task


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("evaluate.metrics=[{python: metrics.py}]", "no such file; the folder holds own.py"),
        ("evaluate.metrics=[{python: 'own.py:nobody'}]", "defines no function 'nobody'"),
        ("evaluate.metrics=[{python: ../own.py}]", "outside the task's folder"),
        ("evaluate.metrics=[{python: 'own.py:chrf'}]", "called 'chrf', as a metric that is there already"),
        ("evaluate.metrics=[verify]", "no gate asks a verify.py; add `verify` to gates"),
        ("evaluate.metrics=[chrf, chrf]", "chrf is named twice"),
        ("evaluate.metrics=[]", "names none; expected auto, or metrics by name"),
        ("evaluate.metrics=[chr]", "`evaluate.metrics.0` is 'chr': expected 'auto', 'schema'"),
        ("evaluate.decide_by=crhf", "'crhf' is no metric; did you mean 'chrf'?"),
    ],
)
def test_a_fault_is_named_before_anything_is_sent(task: Path, given: str, said: str) -> None:
    (task.parent / "own.py").write_text("def score(row): return 1\ndef chrf(row): return 1\n")
    with pytest.raises(SpecError) as fault:
        open_task(task, overrides=[given], env={})
    assert said in str(fault.value)


@pytest.mark.parametrize(
    "given",
    [
        "evaluate.decide_by=chrf:summary",
        "evaluate.decide_by=agreement_rouge_l",
        "evaluate.metrics=[auto, bleu]",
        "evaluate.metrics=auto",
    ],
)
def test_what_is_known_is_taken(task: Path, given: str) -> None:
    assert open_task(task, overrides=[given], env={}).spec.evaluate


@pytest.mark.parametrize("given", ["evaluate.metrics=[embedding]", "evaluate.compare={mood: embedding}"])
def test_an_embedding_needs_its_package(task: Path, given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distill.extras.missing", lambda _: ["wordllama"])
    with pytest.raises(SpecError) as fault:
        open_task(task, overrides=[given], env={})
    assert "'embedding' needs wordllama, which is not installed; install it: pip install" in str(fault.value)
