"""A cluster for one command: connected to, or started on this machine, and let go of at the end."""

from __future__ import annotations

import importlib
import os
import secrets
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from distill import extras
from distill.errors import UsageError
from distill.executors.ray_cluster import address as addresses
from distill.executors.ray_cluster import faults
from distill.executors.ray_cluster.address import ClusterAddress
from distill.executors.ray_cluster.executor import RayExecutor
from distill.executors.ray_cluster.storage import Storage

_ONE_CORE = dict.fromkeys(("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
"""A task has one core, so its libraries start no threads for more."""
_THRIFTY = {"_RJEM_MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0", "MALLOC_ARENA_MAX": "2"}
ANSWERS_S = 10.0
"""Within so many seconds a cluster takes a connection."""
_PRINTS = "_worker_logs_enabled"
_OURS = {
    "RAY_raylet_start_wait_time_s": "120",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Of a cluster that ends with the command: it reports nothing to anybody."""


@contextmanager
def on(text: str, *, storage: str | None, home: Path, env: Mapping[str, str]) -> Iterator[RayExecutor]:
    """The executor for what `--on` says; its objects lie under `storage`, by default in .distill/shards of the project `home`.

    UsageError where Ray is not installed, no cluster answers, its versions differ, or the storage refuses.
    """
    where = addresses.parse(text, env)
    if extras.missing("ray"):
        raise UsageError(f"--on {text} needs Ray, which is not installed; {extras.hint('ray')}")
    place = storage or str((home / ".distill" / "shards").absolute())
    own = Storage(f"{place.rstrip('/')}/{secrets.token_hex(6)}")
    own.write("begun", b"")  # a storage that refuses is known before anything is started
    try:
        with _cluster(where) as ray:
            yield RayExecutor(ray, own, near=where.ours)
    finally:
        own.clear()


@contextmanager
def _cluster(where: ClusterAddress) -> Iterator[Any]:
    """Ray, connected; a cluster that somebody else started goes on."""
    if where.ours:
        for name, value in _OURS.items():
            os.environ.setdefault(name, value)
    _check_answers(where)
    ray = importlib.import_module("ray")
    if ray.is_initialized():
        yield ray
        return
    with _quiet(), _own_signals():
        try:
            ray.init(
                address=where.text, log_to_driver=False, logging_level="ERROR",
                runtime_env={"env_vars": {**_ONE_CORE, **_THRIFTY}}, **({"include_dashboard": False} if where.ours else {}),
            )  # fmt: skip
        except Exception as fault:  # noqa: BLE001 - Ray raises its own errors, RuntimeError, ConnectionError and gRPC's
            raise faults.of_connection(fault, where.text) from None
        try:
            yield ray
        finally:
            ray.shutdown()


def _check_answers(where: ClusterAddress) -> None:
    """UsageError where nobody listens at an address: Ray would wait for two minutes, and then end this process."""
    if ":" not in where.text:
        return
    host, _, port = where.text.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWERS_S).close()
    except (OSError, OverflowError) as fault:
        raise faults.of_connection(fault, where.text) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep off stdout what Ray prints of its nodes there, however its logging is set: a script may read JSON from it."""
    worker = importlib.import_module("ray._private.worker")
    before = getattr(worker, _PRINTS, True)
    setattr(worker, _PRINTS, False)
    try:
        yield
    finally:
        setattr(worker, _PRINTS, before)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Give the signals back that Ray takes for itself when it connects."""
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for one, handler in before.items():
                signal.signal(one, handler)
