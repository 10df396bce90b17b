from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import orjson
import pytest

from distill.sandbox.pool import judge
from distill.sandbox.process import CheckResult, SandboxLimits, Source

ROW = {
    "input": "",
    "prompt": "[]",
    "answer": "",
    "tool_calls": "",
    "stratum": "a",
    "labels": "{}",
    "fields": None,
    "gold": None,
}
Ask = Callable[..., list[CheckResult]]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """What a `verify.py` of this text says of rows with these answers, in their order."""

    def asked(text: str, answers: Sequence[str], *, held: set[str] | None = None, **limits: float) -> list[CheckResult]:
        source = Source(tmp_path / "verify.py", textwrap.dedent(text), "check")
        rows = [(n, orjson.dumps([n, ROW | {"answer": answer}]) + b"\n") for n, answer in enumerate(answers)]
        found = dict(judge(source, rows, SandboxLimits(**limits), held=held))
        assert sorted(found) == list(range(len(answers)))
        return [found[n] for n in range(len(answers))]

    return asked
