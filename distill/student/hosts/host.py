"""What a tuning host is, to whoever tunes on one: a small protocol, and the plain values that go over it.

Two hosts speak it: OpenAI's fine-tuning protocol at any address (`openai_compatible`), and Together's own (`together`). Both
send by the OpenAI SDK's transport, so the faults of either are that SDK's; `job.explained` puts them for a person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from distill.protocol.job_states import State
from distill.records import Json, content_id
from distill.rundir import file_hash

HostKind = Literal["openai", "together"]
Method = Literal["supervised", "dpo"]


@dataclass(frozen=True, slots=True)
class Event:
    """What the host said about the job; `data` holds step and losses where it is a measurement."""

    level: str
    message: str
    data: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HostAddress:
    """Where to tune; the key is never shown, stored or sent anywhere else."""

    base_url: str | None = None
    key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_s: float = 60.0
    kind: HostKind = "openai"


@dataclass(frozen=True, slots=True)
class TuningJob:
    """What is tuned on which JSONL files, and how; equal jobs are paid for once.

    `hyper` is n_epochs, batch_size, learning_rate_multiplier, or what else the host takes. `extra` is laid over the body of
    the create, depth by depth; a null takes a key out. `tag` tells jobs of equal data apart. `method` dpo wants files of
    preference pairs in OpenAI's form.
    """

    model: str
    train: Path
    valid: Path | None
    suffix: str | None = None
    hyper: Mapping[str, Json] = field(default_factory=dict)
    seed: int | None = None
    tag: str = ""
    method: Method = "supervised"
    extra: Mapping[str, Json] = field(default_factory=dict)

    def id_at(self, host: HostAddress) -> str:
        """A hash of the data, the settings and the host."""
        data = [file_hash(path) if path else None for path in (self.train, self.valid)]
        how: list[Json] = [self.model, self.suffix, dict(self.hyper), self.seed]
        if self.method != "supervised" or self.extra:  # others keep the id that they had before there were any
            how += [self.method, dict(self.extra)]
        return content_id(self.tag, host.base_url, *how, data, digits=32)


@dataclass(frozen=True, slots=True)
class RemoteFiles:
    """The ids of a job's files at its host."""

    train: str
    valid: str | None = None


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file at the host; `word` is the host's own for its state, `fault` why it cannot be trained on."""

    id: str
    name: str
    word: str
    state: State
    fault: str = ""


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """A job at the host; `word` is the host's own for its state, `model` what the tuned model is called with.

    `usd` is what the host says that it cost; None where it does not say.
    """

    id: str
    word: str
    state: State
    model: str | None = None
    trained_tokens: int | None = None
    usd: float | None = None
    error: str = ""

    @property
    def ended_badly(self) -> bool:
        return self.state in (State.FAILED, State.CANCELLED, State.EXPIRED)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model that the host kept on the way, by the name or path that it is called with."""

    step: int | None
    name: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a host takes, as far as it says so: `retired_on` is the day its base is shut down, `at_most` bounds of settings."""

    retired_on: str | None = None
    at_most: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PriceQuote:
    """What a job may cost, in dollars and trained tokens; None where nobody knows the price. `by` says who reckoned it."""

    tokens: int
    usd: float | None
    by: str
    refused: str = ""
    """Why the host would not go on with it, in its words."""


@dataclass(frozen=True, slots=True)
class Spending:
    """Who watches the money: each may raise and so stop before anything is paid.

    `check` is asked before anything is uploaded, and again with the host's own estimate; `begin` just before the create.
    """

    check: Callable[[PriceQuote | None], None] = lambda _quote: None
    begin: Callable[[PriceQuote | None], Awaitable[None]] = field(default=lambda _quote: asyncio.sleep(0))


class TuningHost(Protocol):
    """What every host can do. Whatever is refused comes as the SDK's `APIStatusError`; what a host has no path for is empty."""

    async def limits(self, model: str) -> Limits: ...

    async def quote(self, job: TuningJob, files: RemoteFiles) -> PriceQuote | None:
        """The host's own estimate for uploaded files; None where it gives none."""
        ...

    async def upload(self, path: Path) -> str:
        """Returns the file's id; the same bytes may get the same one."""
        ...

    async def file(self, file_id: str) -> RemoteFile | None: ...

    async def create(self, job: TuningJob, files: RemoteFiles, tag: str) -> RemoteJob:
        """Make the job, sent once; `tag` is what `find` finds it by."""
        ...

    async def find(self, tag: str, files: RemoteFiles | None) -> RemoteJob | None:
        """The newest job with the tag that has not ended badly."""
        ...

    async def poll(self, job_id: str) -> RemoteJob | None: ...

    async def events(self, job_id: str, told: set[str]) -> list[Event]:
        """Those that are not in `told` yet, oldest first; they are in it afterwards."""
        ...

    async def checkpoints(self, job_id: str) -> list[Checkpoint]: ...

    async def cancel(self, job_id: str) -> RemoteJob: ...


def laid_over(body: Mapping[str, Json], extra: Mapping[str, Json]) -> dict[str, Json]:
    """`body` with `extra` over it, depth by depth; a null takes the key out."""
    made = dict(body)
    for name, value in extra.items():
        if value is None:
            made.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(made.get(name, {}), Mapping):
            made[name] = laid_over(made.get(name, {}), value)
        else:
            made[name] = value
    return made
