"""A small task in a folder of its own, that runs in seconds with the scripted teacher."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from distill import memory


def in_memory() -> Path | None:
    """A folder in memory for what tests write: a disk takes milliseconds for each of the thousands of commits."""
    folder = Path("/dev/shm")  # noqa: S108 - Linux's; pytest makes a folder of its own in it
    if sys.platform != "linux" or not os.access(folder, os.W_OK):
        return None
    held = os.statvfs(folder)
    roomy = held.f_bavail * held.f_frsize > 4 * 2**30
    return folder if roomy and not held.f_flag & os.ST_NOEXEC else None


# How long an example takes is the machine's affair; more of them: pytest --hypothesis-profile thorough.
settings.register_profile("tests", deadline=None, max_examples=30)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile("tests")
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # under nohup, which the processes of the tests would inherit
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
# Tables of some rows and models of two layers: more threads only wait for each other, and those of OpenMP spin while they do.
for threads in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(threads, "1")
gc.set_threshold(20_000, 20, 100)  # as `pytest_runtest_logfinish` says
# The servers of the tests speak plain HTTP on this machine: no client needs to read the system's 150 certificates.
os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = str(Path(__file__).parent)
if memory_folder := in_memory():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory_folder))
pytest_plugins = (
    "frames", "in_process", "job_forks", "moods", "guesses", "promotable", "routed", "small_tasks", "tiny_llama", "tiny_models",
)  # fmt: skip

_imported = len(sys.modules)


def pytest_runtest_logfinish() -> None:
    """What a test has imported is not walked again by Python's garbage collector: PyTorch and its friends leave a million objects,
    and half a second of each later test that trains went into looking at them.
    """
    global _imported  # noqa: PLW0603  # of this process, as what it counts
    if len(sys.modules) > _imported + 1000:
        gc.collect()
        gc.freeze()
        memory.frozen = True
        _imported = len(sys.modules)


SPEC = """\
task: mood
seeds: {from: seeds.jsonl, gold: expected, test: {share: 0.25}}
strata: {by: [kind]}
teacher: {model: scripted, output: answer.schema.json, terms: made up, exam: {rows: 0}}
dataset: {accept: 20}
student: {train: {with: none}}
evaluate: {arms: [teacher]}
"""
SCHEMA = {"type": "object", "properties": {"mood": {"enum": ["glad", "cross"]}}, "required": ["mood"]}
WORDS = [
    "lamp",
    "river",
    "copper",
    "Tuesday",
    "onion",
    "violin",
    "gravel",
    "passport",
    "thunder",
    "biscuit",
    "ladder",
    "walnut",
    "harbour",
    "pencil",
]


@pytest.fixture
def task(tmp_path: Path) -> Path:
    """The spec's path; the folder holds 48 seeds of two kinds."""
    rows = [
        {
            "message": f"{WORDS[i % 14]} {WORDS[(i * 5 + i // 14) % 14]} {i * 7919} {WORDS[(i * 3 + 1) % 14]}",
            "kind": "ab"[i % 2],
            "expected": {"mood": "glad"},
        }
        for i in range(48)
    ]
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "answer.schema.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "teacher.md").write_text("Say the mood as JSON.\n[user]\n{{message}}\n")
    (tmp_path / "student.md").write_text("Mood?\n[user]\n{{message}}\n")
    (tmp_path / "task.yaml").write_text(SPEC)
    return tmp_path / "task.yaml"


@pytest.fixture
def task_folder(task: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The task in prompts/mood of the working folder, which is no project."""
    files, folder = list(task.parent.iterdir()), task.parent / "work" / "prompts" / "mood"
    folder.mkdir(parents=True)
    for file in files:
        file.rename(folder / file.name)
    monkeypatch.chdir(task.parent / "work")
    return folder
