"""`kill -9` of a host at 20 points: while files are uploaded, jobs made, a job trains, a checkpoint is saved, and answers are streamed.

    python benchmarks/host_kills.py [--seed 0] [--rows 24]

After each kill the host is started again on its folder. A file or a job that was answered has to be there, whole; each job has to end
well; no step may be trained again that the last whole checkpoint held; a tune has to answer as it did. Half of the kills in a training kill its
process too. Needs the extras host, train and embedded. Prints one JSON object with the goals; exit code 1 where one is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import re
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from killed_host import Host, until
from openai import OpenAI, OpenAIError
from openai.types.fine_tuning import FineTuningJob

BASE = "gpt-4o-mini-2024-07-18"
KILLS = {"upload": 5, "create": 4, "training": 5, "saving": 3, "serving": 3}
ENDED = ("succeeded", "failed", "cancelled")


def rows_of(count: int, luck: random.Random) -> bytes:
    words = ("lamp", "chair", "kettle", "jacket", "radio", "desk")
    lines = []
    for n in range(count):
        thing, team = luck.choice(words), ("orders", "returns")[n % 2]
        said = f"{n}: where is my {thing}?" if team == "orders" else f"{n}: the {thing} goes back"
        lines.append({"messages": [{"role": "user", "content": said}, {"role": "assistant", "content": team}]})
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


@contextlib.contextmanager
def busy(work: Callable[[OpenAI], None], host: Host, threads: int) -> Iterator[None]:
    """Clients that do it again and again until the host dies under them."""
    over = threading.Event()

    def again() -> None:
        with host.client() as client:
            while not over.is_set():
                try:
                    work(client)
                except OpenAIError:
                    return

    at_work = [threading.Thread(target=again) for _ in range(threads)]
    for one in at_work:
        one.start()
    try:
        yield
    finally:
        over.set()
        for one in at_work:
            one.join()


def uploads(host: Host, luck: random.Random) -> dict[str, Any]:
    """Files of a megabyte by four clients; each that was answered has its bytes after the kill."""
    kept: dict[str, str] = {}

    def upload(client: OpenAI) -> None:
        data = random.randbytes(1 << 20)
        made = client.files.create(file=("a.bin", data), purpose="user_data")
        kept[made.id] = hashlib.sha256(data).hexdigest()

    for _ in range(KILLS["upload"]):
        before = len(kept)
        with busy(upload, host, 4):
            until(lambda before=before: len(kept) > before)
            time.sleep(luck.uniform(0.05, 0.6))
            host.kill()
        host.start()
        with host.client() as client:
            listed = {file.id: file.bytes for file in client.files.list()}
            for name, digest in kept.items():
                if name not in listed or hashlib.sha256(client.files.content(name).read()).hexdigest() != digest:
                    host.missed.append(f"upload: {name} is lost or not as it was sent")
            lying = {one.name: one.stat().st_size for one in (host.folder / "host" / "files").glob("*")}
            if lying != listed:
                host.missed.append(f"upload: rows and bytes are not the same files: {set(lying) ^ set(listed)}")
    return {"answered": len(kept)}


def creates(host: Host, luck: random.Random) -> dict[str, Any]:
    """Jobs are made while others are checked; each that was answered is there after the kill, and can be cancelled."""
    with host.client() as client:
        file = client.files.create(file=("rows.jsonl", rows_of(12, luck)), purpose="fine-tune").id
    made: list[str] = []

    def create(client: OpenAI) -> None:
        made.append(client.fine_tuning.jobs.create(model=BASE, training_file=file, seed=1).id)
        time.sleep(0.05)

    for _ in range(KILLS["create"]):
        before = len(made)
        with busy(create, host, 2):
            until(lambda before=before: len(made) > before)
            time.sleep(luck.uniform(0.2, 1.5))
            host.kill()
        host.start()
        with host.client() as client:
            there = {job.id: job.status for job in client.fine_tuning.jobs.list(limit=100)}
            host.missed += [f"create: the job {name} is lost" for name in made if name not in there]
            for name, status in there.items():
                if status not in ENDED:
                    client.fine_tuning.jobs.cancel(name)
    return {"answered": len(made), "jobs": len(there)}


def steps(client: OpenAI, job_id: str) -> list[list[int]]:
    """The steps of each process of a job, in order."""
    found: list[list[int]] = [[]]
    for event in reversed(list(client.fine_tuning.jobs.list_events(job_id, limit=100))):
        if event.message.startswith("The job goes on"):
            found.append([])
        elif event.type == "metrics" and "train_loss" in (event.data or {}):
            found[-1].append(int(event.data["step"]))  # type: ignore[index]  # metrics events have data
    return found


def checkpoint(host: Host, job_id: str) -> int:
    """The step of the last whole checkpoint that lies there."""
    whole = host.job(job_id).glob("tune/**/checkpoint-*/trainer_state.json")
    return max((int(re.sub(r"\D", "", path.parent.name)) for path in whole), default=0)


def stop_work(host: Host, job_id: str, *, hard: bool) -> None:
    """Wait for the end of the job's process, which feels that its host is gone; or kill it too."""
    number = int((host.job(job_id) / ".lock").read_text() or 0)
    command = Path(f"/proc/{number}/cmdline")

    def gone() -> bool:
        try:
            return job_id not in command.read_text()
        except (FileNotFoundError, ProcessLookupError):
            return True

    if hard and not gone():
        os.kill(number, signal.SIGKILL)
    until(gone, 180)


def ended(host: Host, job_id: str) -> FineTuningJob:
    """The job, once it has ended."""
    with host.client() as client:
        found: FineTuningJob = until(
            lambda: (now := client.fine_tuning.jobs.retrieve(job_id)).status in ENDED and now, every_s=1.0
        )
        return found


def trainings(host: Host, luck: random.Random, count: int) -> dict[str, Any]:
    """One job is killed in its steps, one while its checkpoints and epochs are written; both end well."""
    again = 0
    told: dict[str, Any] = {}
    for where in ("training", "saving"):
        with host.client() as client:
            file = client.files.create(file=("rows.jsonl", rows_of(count, luck)), purpose="fine-tune").id
            job = client.fine_tuning.jobs.create(
                model=BASE, training_file=file, seed=1, hyperparameters={"n_epochs": 4, "batch_size": 4}, suffix=where
            )
        total, began = 4 * -(-count // 4), [0]
        for n in range(KILLS[where]):
            after = (n + 1) * total // (KILLS[where] + 1)
            _await(host, job.id, after, saving=where == "saving")
            host.kill()
            stop_work(host, job.id, hard=n % 2 == 0)
            began.append(checkpoint(host, job.id))
            host.start()
        done = ended(host, job.id)
        with host.client() as client:
            trained = steps(client, job.id)
        if done.status != "succeeded" or max(max(one, default=0) for one in trained) != total:
            host.missed.append(f"{where}: {done.status} {done.error}")
        again += sum(step <= at for one, at in zip(trained, began, strict=False) for step in one)
        told[where] = {
            "steps": total,
            "went_on_from": began[1:],
            "trained": sum(map(len, trained)),
            "processes": len(trained),
        }
        told["model"] = done.fine_tuned_model
    if again:
        host.missed.append(f"{again} steps were trained again before the last checkpoint")
    return {**told, "steps_trained_twice_before_a_checkpoint": again}


def _await(host: Host, job_id: str, step: int, *, saving: bool) -> None:
    """Until the job has come to a step, and, where that is asked, until it begins to write a checkpoint or an epoch after it."""
    with host.client() as client:
        until(lambda: max(max(one, default=0) for one in steps(client, job_id)) >= step)
    if not saving:
        return
    folders = [host.job(job_id) / "tune", host.job(job_id) / "kept"]

    def seen() -> set[str]:
        return {
            str(path) for folder in folders for path in folder.rglob("*") if not path.name.startswith("checkpoint-0")
        }

    before, end = seen(), time.monotonic() + 60
    while not seen() - before and time.monotonic() < end:
        pass


def serving(host: Host, model: str) -> dict[str, Any]:
    """A stream is cut; the tune answers as before once the host is there again."""
    ask = {
        "model": model,
        "messages": [{"role": "user", "content": "7: where is my lamp?"}],
        "temperature": 0,
        "max_tokens": 8,
    }

    def answer() -> str:
        with host.client() as client:
            return str(client.chat.completions.create(**ask).choices[0].message.content)  # type: ignore[call-overload]  # settings by their names

    first, same = answer(), 0
    for _ in range(KILLS["serving"]):
        with host.client() as client, contextlib.suppress(Exception):
            for _chunk in client.chat.completions.create(**ask | {"max_tokens": 200, "stream": True}):  # type: ignore[call-overload]  # settings by their names
                host.kill()
                break
        host.start()
        same += answer() == first
    if same != KILLS["serving"]:
        host.missed.append(f"serving: {same} of {KILLS['serving']} answers are as before")
    return {"answer": first, "same": same}


def main() -> int:
    """Run it."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--rows", type=int, default=24)
    asked = options.parse_args()
    luck = random.Random(asked.seed)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        host = Host(Path(folder) / ".distill", port)
        host.start()
        try:
            found: dict[str, Any] = {"upload": uploads(host, luck), "create": creates(host, luck)}
            print(json.dumps(found), file=sys.stderr, flush=True)
            found |= trainings(host, luck, asked.rows)
            print(json.dumps(found), file=sys.stderr, flush=True)
            found["serving"] = serving(host, found["model"])
        finally:
            assert host.process is not None
            host.process.terminate()
            host.process.wait()
    met = not host.missed and host.kills == sum(KILLS.values())
    goal = (
        "nothing that was answered is lost; jobs end well; 0 steps trained twice before a checkpoint; the same answers"
    )
    print(json.dumps({**found, "kills": host.kills, "missed": host.missed, "goal": goal, "met": met}, indent=2))
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
