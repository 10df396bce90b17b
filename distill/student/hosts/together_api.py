"""Together's HTTP calls: JSON in and out, and the upload's odd steps, by the transport of the OpenAI SDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from distill.records import Json
from distill.student.hosts.job import TuneError

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

_NO_SUCH_PATH = (404, 405, 501)
_EXISTS = 409
_REDIRECT = range(300, 400)


@dataclass(frozen=True, slots=True)
class Place:
    """A file's id, and the address that its bytes go to; empty where the host has them already."""

    file_id: str
    url: str = ""


class TogetherApi:
    """Calls below the client's base_url. A reply that is no JSON object is a fault of the host's."""

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client = client

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Json] | None:
        """The object at a path; None where there is none."""
        import httpx2
        from openai import APIStatusError

        try:
            reply = await self._client.get(path, cast_to=httpx2.Response, options={"params": dict(query or {})})
        except APIStatusError as error:
            if error.status_code in _NO_SUCH_PATH:
                return None
            raise
        return _object(reply)

    async def post(
        self, path: str, body: Mapping[str, Json], *, retries: int | None = None, missing_ok: bool = False
    ) -> dict[str, Json] | None:
        """What the host replies; with `missing_ok` None where it has no such path."""
        import httpx2
        from openai import APIStatusError

        client = self._client if retries is None else self._client.with_options(max_retries=retries)
        try:
            return _object(await client.post(path, cast_to=httpx2.Response, body=dict(body)))
        except APIStatusError as error:
            if missing_ok and error.status_code in _NO_SUCH_PATH:
                return None
            raise

    async def place(self, about: Mapping[str, str]) -> Place:
        """Where a file's bytes go: the reply is a redirect that is not to be followed, or a conflict that names the file."""
        import httpx2
        from openai import APIStatusError

        form, client = (
            {"Content-Type": "multipart/form-data"},
            self._client.with_options(max_retries=0),
        )  # 409 is an answer
        try:
            reply = await client.post(
                "/files",
                cast_to=httpx2.Response,
                body=dict(about),
                options={"headers": form, "follow_redirects": False},
            )
        except APIStatusError as error:
            reply = error.response
            if reply.status_code == _EXISTS and "file_id" in (known := _object(reply)):
                return Place(str(known["file_id"]))
            if reply.status_code not in _REDIRECT:
                raise
        url, file_id = reply.headers.get("Location"), reply.headers.get("X-Together-File-Id")
        if not url or not file_id:
            raise TuneError("the host gave no address for an upload; look at student.train.base_url")
        place, home = urljoin(str(self._client.base_url), url), self._client.base_url.scheme
        if not place.startswith(("https:", f"{home}:")):
            raise TuneError("the host gave an address for an upload that is not encrypted; nothing was sent there")
        return Place(file_id, place)

    async def put(self, url: str, data: bytes) -> None:
        """The bytes, to an address of the host's choice: nothing of ours goes with them, the key least of all."""
        import aiohttp

        limit = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=300)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit) as session,
                session.put(url, data=data, allow_redirects=False) as reply,
            ):
                status, said = reply.status, (await reply.text())[:200]
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TuneError(f"a file could not be uploaded ({type(error).__name__}); run again to go on") from error
        if status != 200:
            raise TuneError(f"a file could not be uploaded: status {status}, {said}; run again to go on")


def _object(reply: httpx2.Response) -> dict[str, Json]:
    found = reply.json()
    if not isinstance(found, dict):
        raise TypeError("no object")
    return found
