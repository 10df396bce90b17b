"""MLflow's model registry beside ours: a promoted student is a model version there, and the alias `current` leads to it.

A version is registered before anything is switched, and is found again by its content hash, so a command that was ended in between
registers nothing twice. Which registry it is stays in `mlflow.json`, for a roll back switches both.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from distill import extras
from distill.atomic_write import write_json
from distill.errors import UsageError
from distill.lifecycle.registry.student import RegisteredStudent
from distill.lifecycle.registry.task_registry import TaskRegistry
from distill.rundir import read_json
from distill.spec.lifecycle.registry import mlflow_address

if TYPE_CHECKING:
    from mlflow import MlflowClient

ALIAS = "current"
_FILE = "mlflow.json"
_CONTENT = "distill.content"
_SQLITE = "sqlite:///"
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
"""What MLflow's client does by default and a command should not: report its use, and wait minutes for a server that is not there."""


def address_of(registry: TaskRegistry, given: str | None) -> str:
    """The registry that is given, else the one that the task was registered at before; empty where there is none. A file of SQLite is
    looked for from the project's folder."""
    known = registry.path / _FILE
    if given is None and known.is_file():
        given = str(read_json(known, dict, needs="uri")["uri"])
    if given is None:
        return ""
    try:
        address = mlflow_address(given)
    except ValueError as fault:
        raise UsageError(f"--mlflow: {fault}") from None
    if address.startswith(_SQLITE):
        return f"{_SQLITE}{(registry.home / address.removeprefix(_SQLITE)).resolve()}"
    return address


class MlflowRegistry:
    """MLflow's registry at an address, for the students of one task."""

    def __init__(self, address: str, registry: TaskRegistry) -> None:
        """UsageError where MLflow's client is not installed, or nothing answers at the address."""
        self._address, self._registry = address, registry
        if missing := extras.missing("mlflow"):
            raise UsageError(f"--mlflow needs {', '.join(missing)}; {extras.hint('mlflow')}")
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        with self._asking():
            from mlflow import MlflowClient

            logging.getLogger("mlflow").setLevel(logging.WARNING)
            self._client: MlflowClient = MlflowClient(tracking_uri=address, registry_uri=address)
            self._client.search_registered_models(max_results=1)

    def version_of(self, student: RegisteredStudent) -> str:
        """The version of a student, registered where it is not there yet."""
        with self._asking():
            found = (
                self._client.search_model_versions(f"name = '{student.task}'") if self._is_known(student.task) else []
            )
            same = [one.version for one in found if one.tags.get(_CONTENT) == student.content]
            return str(same[0]) if same else self._register(student)

    def point(self, student: RegisteredStudent, version: str) -> str:
        """Let the alias lead to a version; returns how MLflow calls it."""
        write_json(self._registry.path / _FILE, {"uri": self._address})
        with self._asking("the folder registry/ is switched, MLflow's alias is not: run the same command again"):
            self._client.set_registered_model_alias(student.task, ALIAS, version)
        return f"models:/{student.task}@{ALIAS}, version {version}, at {self._address}"

    def _is_known(self, name: str) -> bool:
        return bool(self._client.search_registered_models(f"name = '{name}'"))

    def _register(self, student: RegisteredStudent) -> str:
        run = self._client.create_run(self._experiment(), run_name=student.run, tags=_tags(student))
        if student.verdict is not None and student.verdict.student is not None:
            self._client.log_metric(run.info.run_id, student.verdict.metric or "score", student.verdict.student.mean)
        self._client.log_artifacts(run.info.run_id, str(self._registry.path / student.folder), "student")
        self._client.set_terminated(run.info.run_id)
        if not self._is_known(student.task):
            self._client.create_registered_model(student.task)
        made = self._client.create_model_version(
            student.task, f"runs:/{run.info.run_id}/student", run.info.run_id, tags=_tags(student)
        )
        return str(made.version)

    def _experiment(self) -> str:
        """The experiment `distill`; without a server its files go beside the database."""
        found = self._client.get_experiment_by_name("distill")
        if found is not None:
            return str(found.experiment_id)
        beside = None
        if self._address.startswith(_SQLITE):
            beside = (Path(self._address.removeprefix(_SQLITE)).parent / "mlartifacts").as_uri()
        return str(self._client.create_experiment("distill", artifact_location=beside))

    @contextmanager
    def _asking(self, done: str = "nothing was switched") -> Iterator[None]:
        """What MLflow refuses, in one line."""
        try:
            yield
        except Exception as fault:
            if not type(fault).__module__.startswith(("mlflow", "sqlalchemy", "requests", "alembic")):
                raise
            said = " ".join(str(fault).split())[:200]
            raise UsageError(f"MLflow at {self._address}: {said}; {done}") from None


def _tags(student: RegisteredStudent) -> dict[str, str]:
    """What MLflow shows of a student; texts only."""
    verdict = student.verdict
    return {
        _CONTENT: student.content, "distill.number": str(student.number), "distill.run": student.run, "distill.base": student.base,
        "distill.how": student.how, "distill.teacher": student.teacher, "distill.asked": student.asked, "distill.dataset": student.dataset,
        "distill.verdict": verdict.word if verdict else "not compared", "distill.anyway": student.anyway[:500],
    }  # fmt: skip
