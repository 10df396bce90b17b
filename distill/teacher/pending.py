"""What is still to be asked of many requests: what the store holds is replayed, what lies in a batch is left to it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Generic, TypeVar, overload

from distill.records import Request
from distill.teacher.progress import Progress
from distill.teacher.store.store import Store

Key = TypeVar("Key")


class Requests(Sequence[Request], Generic[Key]):
    """The requests of many questions, each made when it is looked at: a million of them would not fit in memory."""

    def __init__(self, asked: Sequence[Key], make: Callable[[Key], Request]) -> None:
        self._asked, self._make = asked, make

    def __len__(self) -> int:
        return len(self._asked)

    def __iter__(self) -> Iterator[Request]:
        return map(self._make, self._asked)

    @overload
    def __getitem__(self, at: int) -> Request: ...
    @overload
    def __getitem__(self, at: slice) -> Requests[Key]: ...
    def __getitem__(self, at: int | slice) -> Request | Requests[Key]:
        return Requests(self._asked[at], self._make) if isinstance(at, slice) else self._make(self._asked[at])


_CHUNK = 256


class Pending:
    """The requests that the store lacks, from an iterable that may be longer than memory, some hundred at a time."""

    def __init__(self, requests: Iterable[Request], store: Store, progress: Progress) -> None:
        self._source, self._store, self._progress = iter(requests), store, progress
        self._ready: deque[Request] = deque()
        self._flying: set[str] = set()
        self._batches = store.batches_open
        self._lock = asyncio.Lock()

    async def any(self) -> bool:
        """Whether one is left; looks no further than to the first."""
        async with self._lock:
            return await self._fill()

    async def next(self) -> Request | None:
        """The next one, None at the end. A request that stands twice in the iterable waits for the answer of the first."""
        async with self._lock:
            while await self._fill():
                request = self._ready.popleft()
                if request.id in self._flying:
                    self._ready.append(request)
                    await asyncio.sleep(0.01)
                elif self._store.held([request.id]):
                    self._progress.replayed += 1
                else:
                    self._flying.add(request.id)
                    return request
        return None

    def done(self, request: Request) -> None:
        """Its answer is committed, or it was given up."""
        self._flying.discard(request.id)

    async def _fill(self) -> bool:
        while not self._ready:
            chunk = list(islice(self._source, _CHUNK))
            if not chunk:
                return False
            ids = [request.id for request in chunk]
            held = self._store.held(ids)
            busy = self._store.in_batches(ids) if self._batches else set()
            self._progress.replayed += sum(name in held for name in ids)
            self._progress.waiting += len(busy - held)  # never sent beside the batch that they are in
            self._ready.extend(request for request in chunk if request.id not in held and request.id not in busy)
            await asyncio.sleep(0)  # a long replay must not starve the loop
        return True
