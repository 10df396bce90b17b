"""A host's files and batches, by the official SDK: what may be sent twice is retried, what may not is sent once.

A create whose reply was lost has perhaps made a batch: it is found again by the key in its metadata. Errors come out in
the host's words, without the key: `AccessRefused` for a key, a quota or a path that is not there, `HostFault` else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from distill.errors import AccessRefused, DistillError
from distill.masking import Mask
from distill.teacher import sdk

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types import Batch as Found

KEY = "distill_batch"
"""The name of our key in a batch's metadata."""
_READ_RETRIES = 5
_PAGES = 50
"""Of a hundred batches each, looked through for one of ours."""
ENDED = ("failed", "completed", "expired", "cancelled")
Url = Literal["/v1/chat/completions", "/v1/responses"]


class HostFault(DistillError):
    """The host did not do what it was asked; the next round tries again."""


class NotThere(HostFault):
    """The batch or file is unknown to the host."""


class Refused(HostFault):
    """The host says that the request itself is wrong: asking again is no use."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the host says of a batch now. `faults` are (line from 1 or None, code, message) of a failed validation."""

    id: str
    status: str
    key: str
    file_id: str
    done: int
    failed: int
    output_file_id: str | None
    error_file_id: str | None
    faults: tuple[tuple[int | None, str, str], ...] = ()

    @property
    def ended(self) -> bool:
        return self.status in ENDED


class Host:
    """The two services of one endpoint."""

    def __init__(self, client: AsyncOpenAI, mask: Mask) -> None:
        self._client, self.mask = client, mask
        self._once = client.with_options(max_retries=0)

    async def upload(self, path: Path) -> str:
        """The id of the file, whose name at the host is the path's."""
        try:
            with self._explained(), path.open("rb") as file:
                return (await self._once.files.create(file=(path.name, file), purpose="batch")).id
        except NotThere as fault:
            raise AccessRefused(
                f"the endpoint takes no files, so it has no batches ({fault}); set teacher.mode to live"
            ) from None

    async def create(self, file_id: str, *, url: str, key: str) -> Look:
        """Make a batch of an uploaded file; sent once, and a `HostFault` that is no refusal leaves open whether it was made."""
        try:
            with self._explained():
                made = await self._once.batches.create(
                    input_file_id=file_id, endpoint=cast(Url, url), completion_window="24h", metadata={KEY: key}
                )
        except NotThere as fault:
            raise Refused(str(fault)) from None
        return self._look(made)

    async def find(self, key: str) -> list[Look]:
        """Batches with our key, the oldest first; more than one only where a create was repeated by somebody."""
        found = []
        with self._explained():
            page = await self._client.batches.list(limit=100)
            for _ in range(_PAGES):
                found += [self._look(one) for one in page.data if (one.metadata or {}).get(KEY) == key]
                if found or not page.has_next_page():
                    break
                page = await page.get_next_page()
        return found[::-1]

    async def look(self, batch_id: str) -> Look:
        with self._explained():
            return self._look(await self._client.batches.retrieve(batch_id))

    async def cancel(self, batch_id: str) -> None:
        """Ask for the end; one that has ended already stays as it is."""
        from openai import ConflictError

        with self._explained():
            try:
                await self._once.batches.cancel(batch_id)  # the SDK would ask again and again at a 409
            except ConflictError:
                return

    async def download(self, file_id: str, to: Path) -> None:
        """A whole file; one that was cut on the way is a `HostFault`, and the next round reads it again."""
        with self._explained():
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
            with self._explained():
                await self._client.files.delete(file_id)
        except NotThere:
            return

    async def named(self, name: str) -> list[str]:
        """Ids of the newest files of that name: what a broken upload left behind."""
        with self._explained():
            page = await self._client.files.list(purpose="batch", limit=100, order="desc")
            return [file.id for file in page.data if file.filename == name]

    def _look(self, found: Found) -> Look:
        look = _look(found)
        faults = tuple((line, self.mask.text(code), self.mask.text(said)) for line, code, said in look.faults)
        return replace(look, faults=faults)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """The SDK's errors as ours, in the host's words and without the key."""
        import openai

        try:
            yield
        except openai.APIError as error:
            said = self.mask.text(error.message)
            if (
                isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError)
                or error.code == "insufficient_quota"
            ):
                raise AccessRefused(f"the endpoint refuses to take a batch: {said}") from None
            if isinstance(error, openai.NotFoundError):
                raise NotThere(said) from None
            wrong = isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError) or (
                isinstance(error, openai.APIStatusError) and error.status_code == 413
            )
            raise (Refused if wrong else HostFault)(f"{type(error).__name__}: {said}") from None
        except Exception as fault:
            # The SDK lets some of its transport's faults through as they are, a body that breaks off among them.
            said = self.mask.text(f"{type(fault).__name__}: {fault}")[:400]
            if sdk.unsent(fault):
                raise Refused(f"nothing was sent: {said}") from None
            if not _of_the_line(fault):
                raise
            raise HostFault(f"the line broke: {said}") from None


def _of_the_line(fault: Exception) -> bool:
    import aiohttp
    import httpx2

    return isinstance(fault, OSError | TimeoutError | aiohttp.ClientError | httpx2.HTTPError)


@asynccontextmanager
async def reached(
    url: str, key: str | None, headers: Mapping[str, str], *, mask: Mask | None = None, timeout_s: float = 600.0
) -> AsyncIterator[Host]:
    """The host at a base URL; its connections are closed on the way out."""
    async with sdk.client(url, key, headers, timeout_s=timeout_s, retries=_READ_RETRIES) as client:
        yield Host(client, mask or Mask.of([key]))


def _look(found: Found) -> Look:
    counts, errors = found.request_counts, found.errors
    faults: list[Any] = list(errors.data or []) if errors else []
    return Look(
        id=found.id,
        status=found.status,
        key=str((found.metadata or {}).get(KEY, "")),
        file_id=found.input_file_id,
        done=counts.completed if counts else 0,
        failed=counts.failed if counts else 0,
        output_file_id=found.output_file_id or None,  # some hosts give "" where there is none
        error_file_id=found.error_file_id or None,
        faults=tuple((one.line, one.code or "", one.message or "") for one in faults),
    )
