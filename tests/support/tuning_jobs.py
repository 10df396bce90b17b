"""What the tuning host holds, and how its jobs go from state to state: one state each time a job is looked at."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass, field
from typing import Any

from distill.protocol.job import JobObject, event

WAY = ("validating_files", "queued", "running", "succeeded")
"""The states of a job that goes well."""


@dataclass(slots=True)
class TuningHost:
    """What the host holds; `creates` counts the create requests, `jobs` is what came of them."""

    base_url: str = ""
    faults: list[str] = field(default_factory=list)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    creates: int = 0
    questions: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    delay_s: float = 0.0
    metadata: bool = True
    """Whether jobs show the metadata that they were made with."""
    oldest_first: bool = False
    """The order of the list of jobs."""
    page: int = 100
    """Jobs of a page at the most; a larger limit is refused."""
    pending: int = 0
    """Looks that find an uploaded file unread; a job made of it before is a 400, which counts as a look."""
    unread_word: str = "pending"
    words: dict[str, str] = field(default_factory=dict)
    """Other words for the states of jobs."""
    created: asyncio.Event = field(default_factory=asyncio.Event)
    hangs: list[str] = field(default_factory=list)
    """Seams at which the next calls do their work and never answer: upload, create, poll."""
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    late_s: float = 0.0
    """Seconds between a create and its job."""
    dark: set[str] = field(default_factory=set)
    """Models that were shut down: neither listed nor asked."""
    ends: dict[str, str] = field(default_factory=dict)
    """Model → the shutdown date that the models route tells."""
    refused: dict[str, int] = field(default_factory=dict)
    """Part of a path → the status that every request of it gets: `/files/`, `/fine_tuning/jobs`, `/content`."""
    results: bool = False
    """Whether a job that succeeds has a result file, in base64."""

    async def seam(self, name: str) -> None:
        if self.hangs[:1] == [name]:
            self.hangs.pop(0)
            self.reached.set()
            await asyncio.Event().wait()


def learnt(data: bytes, question: str) -> str:
    """The answer of the training row that shares most words with the question; the first of equals."""
    asked = set(question.lower().split())
    rows = [json.loads(line)["messages"] for line in data.splitlines()]
    return str(max(rows, key=lambda row: len(asked & set(row[-2]["content"].lower().split())))[-1]["content"])


def fault_of(data: bytes) -> str | None:
    """What is wrong with a chat JSONL file, naming the first bad line; None for a good one."""
    lines = data.removesuffix(b"\n").split(b"\n") if data else []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line.decode("utf-8"))
            messages = row["messages"] if "input" not in row else row["input"]["messages"] + row["preferred_output"]
            good = messages[-1]["role"] == "assistant" and all(isinstance(turn["content"], str) for turn in messages)
        except (ValueError, LookupError, TypeError):
            good = False
        if not good:
            return f"line {number} is no chat example that ends with an assistant message"
    return None


def shown(host: TuningHost, job: dict[str, Any]) -> dict[str, Any]:
    """A job as this host tells of it."""
    told = job | {"status": host.words.get(job["status"], job["status"])}
    return told if host.metadata else {key: value for key, value in told.items() if key != "metadata"}


def new_job(host: TuningHost, body: dict[str, Any]) -> dict[str, Any]:
    name, way = f"ftjob-{len(host.jobs) + 1}", dict(body.get("method") or {"type": "supervised"})
    kind = str(way.get("type", "supervised"))
    asked = way.get(kind, {}).get("hyperparameters", body.get("hyperparameters", {}))
    host.jobs[name] = JobObject(
        job_id=name, created_at=len(host.jobs), model=body["model"], status=WAY[0], training_file=body["training_file"],
        validation_file=body.get("validation_file"), seed=body.get("seed", 0), organization_id="org-loopback", method=kind,
        hyperparameters=asked, suffix=body.get("suffix"), metadata=body.get("metadata"),
    ).as_json()  # fmt: skip
    host.events[name] = []
    _note(host, host.jobs[name], "Created")
    host.created.set()
    return host.jobs[name]


def _note(host: TuningHost, job: dict[str, Any], message: str, data: dict[str, Any] | None = None) -> None:
    told = host.events[job["id"]]
    kind = "metrics" if data else "message"
    told.append(
        event(event_id=f"ev-{job['id']}-{len(told)}", created_at=len(told), message=message, kind=kind, data=data)
    )


def advance(host: TuningHost, job: dict[str, Any]) -> None:
    end = {"fail": "failed", "cancel": "cancelled"}.get(job["model"].split("-")[0], "succeeded")
    following = WAY[WAY.index(job["status"]) + 1]
    job["status"] = end if following == "succeeded" else following
    if job["status"] == "running":
        for step in (1, 2):
            _note(
                host,
                job,
                f"Step {step}",
                {"step": step, "total_steps": 2, "train_loss": 1.0 / step, "valid_loss": 1.5 / step},
            )
    elif job["status"] == "failed":
        message = "The job failed due to an unsafe training file: refusals_v3"
        job["error"] = {"code": "unsafe_file", "message": message, "param": "training_file"}
    elif job["status"] == "succeeded":
        size = host.files[job["training_file"]]["bytes"]
        job |= {
            "fine_tuned_model": f"ft:{job['model']}:{job['id']}",
            "trained_tokens": size // 4,
            "finished_at": 1,
        }
        if host.results:
            job["result_files"] = [_result_file(host)]
    _note(host, job, f"Now {job['status']}")


def _result_file(host: TuningHost) -> str:
    """The id of a new result file: CSV, as the real host packs it."""
    name, data = f"file-result-{len(host.files) + 1}", base64.b64encode(b"step,train_loss\n1,1.0\n2,0.5\n")
    record = {"id": name, "object": "file", "bytes": len(data), "created_at": 0, "filename": "step_metrics.csv"}
    host.files[name] = record | {"purpose": "fine-tune-results", "status": "processed", "data": data, "pending": 0}
    return name
