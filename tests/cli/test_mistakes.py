"""A user's mistakes: one message with the next move, the right exit code, no traceback, nothing lost."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ended import Distill
from llmock.pytest_plugin import LLMock

KEY = "sk-canary-48213"
Cli = Callable[..., tuple[int, str]]


@pytest.fixture
def cli(distill: Distill, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """(exit code, stderr) of a command of somebody who has a key, which is nowhere shown."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def run(*args: object) -> tuple[int, str]:
        said = distill(*args)
        assert KEY not in said.err + said.out
        return said.code, said.err

    return run


def change(task: Path, old: str, new: str) -> None:
    text = task.read_text()
    assert old in text
    task.write_text(text.replace(old, new))


def test_an_empty_seed_file(task: Path, cli: Cli) -> None:
    (task.parent / "seeds.jsonl").write_text("")
    code, said = cli("run", task)
    assert code == 2
    assert "seeds.jsonl" in said
    assert "no rows" in said


def test_one_broken_line_may_be_dropped_and_is_then_a_row_with_its_reason(task: Path, cli: Cli) -> None:
    import polars as pl

    seeds = task.parent / "seeds.jsonl"
    lines = seeds.read_text().splitlines()
    lines[20] = '{"message": "cut in the mid'
    seeds.write_text("\n".join(lines) + "\n")
    assert cli("run", task)[0] == 2
    code, said = cli("run", task, "--set", "seeds.broken=drop")
    assert code == 0, said
    dropped = pl.read_parquet(task.parent / "runs" / "mood" / "001" / "dropped.parquet")
    broken = dropped.filter(reason="unreadable")
    assert broken.height == 1
    assert "seeds.jsonl:21" in broken["row"][0] + broken["detail"][0]


def test_a_label_no_seed_has(task: Path, cli: Cli) -> None:
    change(task, "by: [kind]", "by: [kind], edge_cases: [{where: {kind: zzz}, at_least: 2}]")
    code, said = cli("validate", task)
    assert code == 2
    assert "zzz" in said


def test_a_base_url_that_refuses(task: Path, cli: Cli) -> None:
    change(task, "model: scripted", "model: m, base_url: 'http://127.0.0.1:9/v1', limits: {attempts: 2}")
    code, said = cli("run", task)
    assert code == 3
    assert "cannot be reached" in said
    assert "teacher.base_url" in said


def test_a_base_url_that_is_none(task: Path, cli: Cli) -> None:
    change(task, "model: scripted", "model: m, base_url: localhost8000")
    code, said = cli("run", task)
    assert code == 2
    assert "localhost8000" in said


def test_a_model_without_a_price_under_a_budget(task: Path, cli: Cli) -> None:
    change(task, "model: scripted", "model: nobody-knows-it, base_url: 'http://127.0.0.1:9/v1'")
    code, said = cli("run", task, "--max-usd", "1")
    assert code == 2
    assert "teacher.price" in said


@pytest.mark.parametrize("status", [401, 404])
def test_a_bad_key_and_a_model_that_does_not_exist(
    task: Path, llmock: LLMock, status: int, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    """Exit 6 after the first answers: nothing is hammered, rows stay owed, and the same command goes on."""
    llmock.fail(status, times=None)
    change(task, "model: scripted", "model: gpt-4o-mini, limits: {in_flight: 2}")
    monkeypatch.setenv("OPENAI_BASE_URL", llmock.base_url())
    code, said = cli("run", task)
    assert code == 6, said
    assert "teacher.model" in said
    assert len(llmock.requests) <= 2


def test_a_budget_that_is_reached(task: Path, llmock: LLMock, monkeypatch: pytest.MonkeyPatch, cli: Cli) -> None:
    """Exit 5, what was paid for is kept, and a higher limit goes on from there."""
    change(task, "model: scripted", "model: m, price: {input: 100, output: 100}, limits: {in_flight: 2}")
    change(task, "dataset:", "gates: [finish_reason]\ndataset:")
    monkeypatch.setenv("OPENAI_BASE_URL", llmock.base_url())
    code, said = cli("run", task, "--max-usd", "0.04")
    assert code == 5, said
    assert "--max-usd" in said
    first = len(llmock.requests)
    assert 0 < first < 20
    assert cli("generate", task, "--max-usd", "99")[0] == 0
    assert len({record.fingerprint for record in llmock.requests}) == len(llmock.requests)


def test_a_disk_that_is_full(task: Path, cli: Cli) -> None:
    """A write that the system refuses is one line; room made, the same command ends well."""
    shown = subprocess.run(
        [sys.executable, "-m", "distill", "run", str(task)], capture_output=True, text=True, timeout=120, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (56_000, 56_000)),
    )  # fmt: skip
    assert shown.returncode == 1
    assert "Traceback" not in shown.stderr
    assert "free some disk space" in shown.stderr or "fix it and run again" in shown.stderr
    assert cli("run", task)[0] == 0


def test_a_verdict_that_was_required(task: Path, cli: Cli) -> None:
    change(task, "arms: [teacher]", "arms: [teacher], require: distil")
    assert cli("run", task)[0] == 4


def test_heavy_libraries_stay_out_of_help() -> None:
    """`import distill` and `--help` load none of the libraries that take a second each."""
    code = (
        "import sys, distill; a = set(sys.modules); import distill.cli.app; b = set(sys.modules); "
        "heavy = {'polars', 'openai', 'torch', 'transformers', 'datasketch', 'scipy', 'pydantic', 'aiohttp', 'rich.live', 'yaml'}; "
        "print(len(a & (heavy | {'typer'})), sorted(b & heavy))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "0 []"
