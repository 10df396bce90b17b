"""MLflow's own registry, in a real database: a version a student, and one alias that is switched with ours."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from ended import Distill, refused

from distill import extras
from distill.errors import UsageError
from distill.lifecycle.registry import mlflow_registry
from distill.lifecycle.registry.task_registry import TaskRegistry

URI = "sqlite:///team.db"
installed = pytest.mark.skipif(bool(extras.missing("mlflow")), reason="the extra `mlflow` is not installed")
_SEEN = """
import json, sys, warnings
warnings.simplefilter("ignore")
from mlflow import MlflowClient
client = MlflowClient(tracking_uri=sys.argv[1], registry_uri=sys.argv[1])
versions = {one.version: one.tags for one in client.search_model_versions("name = 'mood'")}
current = client.get_model_version_by_alias("mood", "current")
files = sorted(one.path for one in client.list_artifacts(current.run_id, "student"))
print(json.dumps({"versions": versions, "current": current.version, "files": files}))
"""


def seen(home: Path) -> dict[str, object]:
    """What MLflow itself says, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _SEEN, f"sqlite:///{home}/team.db"], capture_output=True, text=True, check=True
    )
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def command(home: Path, *words: str) -> dict[str, object]:
    """The command in a process of its own: MLflow warns at import, and a warning is an error in the tests."""
    line = [sys.executable, "-m", "distill", *words, "--json", "--home", str(home)]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=home)
    found: dict[str, object] = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "") or "error" in found, done.stderr
    return found


@installed
@pytest.mark.slow
def test_versions_and_the_alias_go_with_ours(home: Path) -> None:
    first = command(home, "promote", "mood/001", "--mlflow", URI)
    assert str(first["mlflow"]).startswith("models:/mood@current, version 1, at sqlite:////")
    spec = home / "task.yaml"
    spec.write_text(f"{spec.read_text()}registry: {{mlflow: '{URI}'}}\n")
    second = command(home, "promote", "mood/002", "--anyway")  # by the spec's key
    assert "version 2" in str(second["mlflow"])
    there = seen(home)
    assert str(there["current"]) == "2"
    tags = there["versions"]["2"]  # type: ignore[index]  # an object
    assert tags["distill.content"] == second["student"]["content"]  # type: ignore[index]  # an object
    assert (tags["distill.run"], tags["distill.teacher"]) == ("mood/002", "scripted")
    assert "student/entry.json" in there["files"]  # type: ignore[operator]  # a list
    assert "version 1" in str(command(home, "rollback", "mood")["mlflow"])  # which it remembers
    assert str(seen(home)["current"]) == "1"
    command(home, "promote", "mood/001")  # the same again: no third version
    assert len(seen(home)["versions"]) == 2  # type: ignore[arg-type]  # an object


@installed
@pytest.mark.slow
def test_a_server_that_is_not_there_switches_nothing(home: Path) -> None:
    command(home, "promote", "mood/001")
    found = command(home, "promote", "mood/002", "--anyway", "--mlflow", "http://127.0.0.1:9")
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
