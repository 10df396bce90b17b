"""A host's files and batches, by the official SDK: what may be sent twice is retried, what may not is sent once.

A create whose reply was lost has perhaps made a batch: it is found again by the key in its metadata, or, at a host that
gives no metadata back, by the file it was made of. Errors come out in the host's words, without the key: `AccessRefused`
for a key, a quota or a path that is not there, `HostFault` else. `Stopped` ends every wait once `stop` is set.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar, cast

from distill.errors import AccessRefused, DistillError
from distill.protocol.job_states import says_unread
from distill.secrets.masking import SecretMask
from distill.teacher.batch.host.state import KEY, FileLook, Look, of_batch, of_upload
from distill.teacher.endpoint import sdk
from distill.teacher.endpoint.stopping import unless_stopped

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types import Batch as Found

_READ_RETRIES = 5
_PAGES = 50
"""Of a hundred batches each, looked through for one of ours."""
_CREATE_GRACE_S = 10.0
"""What a create may still take after Ctrl-C: it is paid for, so its reply is worth a wait."""
_GONE = re.compile(r"\b(expired|deleted|no such file|not found|no longer)\b", re.IGNORECASE)
ApiPath = Literal["/v1/chat/completions", "/v1/responses"]
T = TypeVar("T")
Item_co = TypeVar("Item_co", covariant=True)


class HostFault(DistillError):
    """The host did not do what it was asked; the next round tries again."""


class NotThere(HostFault):
    """The batch or file is unknown to the host."""


class Refused(HostFault):
    """The host says that the request itself is wrong: asking again is no use."""


class Unread(HostFault):
    """The host has not read the uploaded file yet, and certainly made no batch."""


class BatchHost:
    """The two services of one endpoint."""

    by_file = False

    def __init__(self, client: AsyncOpenAI, mask: SecretMask, stop: asyncio.Event | None = None) -> None:
        self._client, self.mask = client, mask
        self._once = client.with_options(max_retries=0)
        self.stop = stop or asyncio.Event()
        """Set once the command is to end."""

    async def upload(self, path: Path) -> str:
        """The id of the file, whose name at the host is the path's."""
        try:
            with path.open("rb") as file:
                made = await self._asked(self._once.files.create(file=(path.name, file), purpose="batch"))
        except NotThere as fault:
            raise AccessRefused(
                f"the endpoint takes no files, so it has no batches ({fault}); set teacher.mode to live"
            ) from None
        return _named(made)

    async def create(self, file_id: str, *, url: str, key: str) -> Look:
        """Make a batch of an uploaded file; sent once, and a `HostFault` that is no refusal leaves open whether it was made."""
        create = self._once.batches.create(
            input_file_id=file_id, endpoint=cast(ApiPath, url), completion_window="24h", metadata={KEY: key}
        )
        try:
            made = await self._asked(create, grace_s=_CREATE_GRACE_S)
        except NotThere as fault:
            raise Refused(str(fault)) from None
        _named(made)
        return self._look(made)

    async def find(self, key: str, file_id: str | None = None) -> list[Look]:
        """Batches with our key or of our file, the oldest first; more than one only where a create was repeated by somebody."""
        found: list[Look] = []
        async for page in self._pages():
            looks = [self._look(one) for one in page]
            found += [one for one in looks if one.key == key or (file_id and one.file_id == file_id)]
            if found:
                break
        return sorted(found, key=lambda one: one.created)

    async def _pages(self) -> AsyncIterator[list[Found]]:
        """The batches of the host a page at a time, each once: some hosts give the first page for ever."""
        try:
            page = await self._asked(self._client.batches.list(limit=100))
        except Refused:  # some hosts take no such limit
            page = await self._asked(self._client.batches.list())
        seen = set[str]()
        for _ in range(_PAGES):
            fresh = {name: one for one in _items(page) if (name := str(getattr(one, "id", ""))) not in seen}
            if not fresh:
                return
            yield list(fresh.values())
            seen |= fresh.keys()
            if not page.has_next_page():
                return
            page = await self._asked(page.get_next_page())

    async def look(self, batch_id: str) -> Look:
        return self._look(await self._asked(self._client.batches.retrieve(batch_id)))

    async def file(self, file_id: str) -> FileLook:
        found = of_upload(await self._asked(self._client.files.retrieve(file_id)))
        return replace(found, word=self.mask.text(found.word), why=self.mask.text(found.why))

    async def cancel(self, batch_id: str) -> None:
        """Ask for the end; one that has ended already stays as it is."""
        await self._asked(self._cancel(batch_id))

    async def _cancel(self, batch_id: str) -> None:
        from openai import ConflictError

        try:
            await self._once.batches.cancel(batch_id)  # the SDK would ask again and again at a 409
        except ConflictError:
            return

    async def download(self, file_id: str, to: Path) -> None:
        """A file as the host gives it; one that is seen to be cut on the way is a `HostFault`, and the next round reads
        it again. Not every cut is seen here: `whole` compares what came with what the host counts."""
        try:
            await self._asked(self._download(file_id, to))
        except Refused as fault:
            raise (NotThere(str(fault)) if _GONE.search(str(fault)) else fault) from None

    async def _download(self, file_id: str, to: Path) -> None:
        async with self._client.files.with_streaming_response.content(file_id) as response:
            said, got = response.headers.get("content-length"), 0
            with to.open("wb") as file:
                async for part in response.iter_bytes(1 << 18):
                    got += file.write(part)
        if said is not None and not response.headers.get("content-encoding") and got != int(said):
            raise HostFault(f"the file {file_id} broke off after {got} of {said} bytes")

    async def delete(self, file_id: str) -> None:
        """Remove a file; one that is gone is what was wanted."""
        try:
            await self._asked(self._client.files.delete(file_id))
        except NotThere:
            return

    async def named(self, name: str) -> list[str]:
        """Ids of the newest files of that name: what a broken upload left behind."""
        page = await self._asked(self._client.files.list(purpose="batch", limit=100, order="desc"))
        return [file.id for file in _items(page) if getattr(file, "filename", None) == name]

    def left(self, rows: int, batches: Sequence[str]) -> str:
        """Where rows are that a command leaves behind."""
        return f"{rows:,} rows are in {len(batches)} batch{'es' if len(batches) != 1 else ''} at the host"

    async def _asked(self, call: Awaitable[T], *, grace_s: float = 0.0) -> T:
        """What a call comes to, its faults explained; it ends when the command is told to stop."""
        with self._explained():
            return await unless_stopped(self.stop, call, grace_s=grace_s)

    def _look(self, found: Found) -> Look:
        look = of_batch(found)
        faults = tuple((line, self.mask.text(code), self.mask.text(said)) for line, code, said in look.faults)
        return replace(look, word=self.mask.text(look.word), faults=faults)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """The SDK's errors as ours, in the host's words and without the key."""
        import aiohttp
        import httpx2
        import openai

        try:
            yield
        except openai.APIError as error:
            said = self.mask.text(error.message)
            no_access = openai.AuthenticationError | openai.PermissionDeniedError
            if isinstance(error, no_access) or error.code == "insufficient_quota":
                raise AccessRefused(f"the endpoint refuses to take a batch: {said}") from None
            status = error.status_code if isinstance(error, openai.APIStatusError) else 0
            if status in (400, 409, 422, 425) and says_unread(said):
                raise Unread(said) from None
            if status in (404, 410):
                raise NotThere(said) from None
            if 300 <= status < 400:
                raise AccessRefused(
                    f"the endpoint points elsewhere ({status}), where its key does not follow; set base_url to the address itself"
                ) from None
            wrong = status in (400, 413, 422)
            raise (Refused if wrong else HostFault)(f"{type(error).__name__}: {said}") from None
        except Exception as fault:
            # The SDK lets some of its transport's faults through as they are, a body that breaks off among them.
            said = self.mask.text(f"{type(fault).__name__}: {fault}")[:400]
            if sdk.unsent(fault):
                raise Refused(f"nothing was sent: {said}") from None
            if sdk.misread(fault):
                raise HostFault(f"the host's reply is none of a batch API ({said})") from None
            if not isinstance(fault, OSError | aiohttp.ClientError | httpx2.HTTPError):
                raise
            raise HostFault(f"the connection broke: {said}") from None


@asynccontextmanager
async def reached(
    url: str,
    key: str | None,
    headers: Mapping[str, str],
    *,
    mask: SecretMask | None = None,
    stop: asyncio.Event | None = None,
) -> AsyncIterator[BatchHost]:
    """The host at a base URL; its connections are closed on the way out."""
    async with sdk.client(url, key, headers, timeout_s=600.0, retries=_READ_RETRIES) as client:
        yield BatchHost(client, mask or SecretMask.of([key]), stop)


class _Page(Protocol[Item_co]):
    """A page of one of the SDK's lists."""

    @property
    def data(self) -> Sequence[Item_co]: ...


def _items(page: _Page[T]) -> list[T]:
    """What a page of a list holds; a host may answer with something that is no page."""
    return list(getattr(page, "data", None) or ())


def _named(made: object) -> str:
    """The id of what was made; without one the reply is of no use."""
    name = getattr(made, "id", None)
    if not isinstance(name, str) or not name:
        raise HostFault("the host's reply has no id")
    return name
