"""MLflow's own registry, in a real database: a version a student, and one alias that is switched with ours."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ended import Distill, refused

from distill import extras
from distill.errors import UsageError
from distill.lifecycle.registry import mlflow_registry
from distill.lifecycle.registry.task_registry import TaskRegistry

URI = "sqlite:///team.db"
installed = pytest.mark.skipif(bool(extras.missing("mlflow")), reason="the extra `mlflow` is not installed")
_SEEN = """
import warnings
warnings.simplefilter("ignore")
from mlflow import MlflowClient

def answered(uri):
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    versions = {one.version: one.tags for one in client.search_model_versions("name = 'mood'")}
    current = client.get_model_version_by_alias("mood", "current")
    files = sorted(one.path for one in client.list_artifacts(current.run_id, "student"))
    return {"versions": versions, "current": current.version, "files": files}
"""
_COMMAND = """
import contextlib, io, os, sys
from distill.__main__ import main

def answered(home, *words):
    os.chdir(home)
    sys.argv, out, err, code = ["distill", *words, "--json", "--home", home], io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    return [code, out.getvalue(), err.getvalue()]
"""
_LINES = """
import json, sys
for line in sys.stdin:
    print(json.dumps(answered(*json.loads(line))), flush=True)
"""


class Other:
    """A process that answers line by line: MLflow takes seconds to import."""

    def __init__(self, code: str) -> None:
        line = [sys.executable, "-c", code + _LINES]
        self._process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words: str) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def end(self) -> None:
        self._process.communicate(timeout=60)


@pytest.fixture(scope="module")
def commands() -> Iterator[Other]:
    """Our commands in a process of their own: MLflow warns at import, and a warning is an error in the tests."""
    other = Other(_COMMAND)
    yield other
    other.end()


@pytest.fixture(scope="module")
def mlflow() -> Iterator[Other]:
    """MLflow itself, in a process that knows nothing of ours."""
    other = Other(_SEEN)
    yield other
    other.end()


@pytest.fixture
def command(commands: Other, home: Path) -> Callable[..., dict[str, Any]]:
    def run(*words: str) -> dict[str, Any]:
        code, out, err = commands.ask(str(home), *words)
        found: dict[str, Any] = json.loads(out)
        assert (code, err) == (0, "") or "error" in found, err
        return found

    return run


@installed
@pytest.mark.slow
def test_versions_and_the_alias_go_with_ours(home: Path, command: Callable[..., dict[str, Any]], mlflow: Other) -> None:
    uri = f"sqlite:///{home}/team.db"
    first = command("promote", "mood/001", "--mlflow", URI)
    assert str(first["mlflow"]).startswith("models:/mood@current, version 1, at sqlite:////")
    spec = home / "task.yaml"
    spec.write_text(f"{spec.read_text()}registry: {{mlflow: '{URI}'}}\n")
    second = command("promote", "mood/002", "--anyway")  # by the spec's key
    assert "version 2" in str(second["mlflow"])
    there = mlflow.ask(uri)
    assert str(there["current"]) == "2"
    tags = there["versions"]["2"]
    assert tags["distill.content"] == second["student"]["content"]
    assert (tags["distill.run"], tags["distill.teacher"]) == ("mood/002", "scripted")
    assert "student/entry.json" in there["files"]
    assert "version 1" in str(command("rollback", "mood")["mlflow"])  # which it remembers
    assert str(mlflow.ask(uri)["current"]) == "1"
    command("promote", "mood/001")  # the same again: no third version
    assert len(mlflow.ask(uri)["versions"]) == 2


@installed
@pytest.mark.slow
def test_a_server_that_is_not_there_switches_nothing(home: Path, command: Callable[..., dict[str, Any]]) -> None:
    command("promote", "mood/001")
    found = command("promote", "mood/002", "--anyway", "--mlflow", "http://127.0.0.1:9")
    assert "MLflow at http://127.0.0.1:9: " in str(found["error"])
    assert "nothing was switched" in str(found["error"])
    assert json.loads((home / "registry/mood/current.json").read_bytes())["number"] == 1
    assert not (home / "registry/mood/mlflow.json").exists()


def test_addresses(tmp_path: Path) -> None:
    registry = TaskRegistry(tmp_path, "mood")
    assert mlflow_registry.address_of(registry, None) == ""
    assert mlflow_registry.address_of(registry, "sqlite:///a.db") == f"sqlite:///{tmp_path.resolve()}/a.db"
    assert mlflow_registry.address_of(registry, "https://team.example") == "https://team.example"
    for given, said in {
        "https://me:hunter2secret@team.example": "it holds a user or a password",
        "team.example": "no address of an MLflow server",
        "sqlite:///": "no address of an MLflow server",
        "file:///tmp/store": "no address of an MLflow server",
    }.items():
        with pytest.raises(UsageError, match=said) as raised:
            mlflow_registry.address_of(registry, given)
        assert "hunter2" not in str(raised.value)


def test_a_spec_with_a_password_is_refused_by_its_line(home: Path, distill: Distill) -> None:
    spec = home / "task.yaml"
    spec.write_text(f"{spec.read_text()}registry: {{mlflow: 'https://me:hunter2secret@team.example'}}\n")
    refused(distill("promote", "mood/001", "--home", home), "task.yaml:7", "registry.mlflow")


def test_without_the_extra_it_says_how_to_get_it(home: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "missing", lambda _: ["mlflow-skinny"])
    refused(
        distill("promote", "mood/001", "--mlflow", URI, "--home", home),
        "--mlflow needs mlflow-skinny; install it: pip install",
    )
    assert not (home / "registry/mood/current").is_symlink()
