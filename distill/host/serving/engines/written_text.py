"""Text that grows token by token: no half letters, nothing past a stop, and nothing of what may yet become one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Decode = Callable[[Sequence[int]], str]


@dataclass(slots=True)
class GrowingText:
    """Token ids in, what each adds to the text out. Only the last few are decoded again."""

    decode: Decode
    ids: list[int] = field(default_factory=list)
    _from: int = 0
    _told: int = 0

    def add(self, token: int) -> str:
        """What a token adds; half a letter adds nothing until the other half is there."""
        self.ids.append(token)
        before, text = self.decode(self.ids[self._from : self._told]), self.decode(self.ids[self._from :])
        if text.endswith("\ufffd") or len(text) <= len(before):
            return ""
        self._from, self._told = self._told, len(self.ids)
        return text[len(before) :]

    def rest(self) -> str:
        """What was held back, once no token follows."""
        before, text = self.decode(self.ids[self._from : self._told]), self.decode(self.ids[self._from :])
        self._from = self._told = len(self.ids)
        return text[len(before) :]


@dataclass(slots=True)
class StoppingText:
    """Text in, text out, until one of the stops; `stopped` says whether it came."""

    stops: Sequence[str]
    held: str = ""
    stopped: bool = False

    def add(self, text: str) -> str:
        """What can be told now."""
        self.held += text
        found = min((place for stop in self.stops if (place := self.held.find(stop)) >= 0), default=-1)
        if found >= 0:
            told, self.held, self.stopped = self.held[:found], "", True
            return told
        keep = max((_begun(self.held, stop) for stop in self.stops), default=0)
        told, self.held = self.held[: len(self.held) - keep], self.held[len(self.held) - keep :]
        return told

    def rest(self) -> str:
        """What was held back, once nothing follows."""
        told, self.held = self.held, ""
        return told


def _begun(text: str, stop: str) -> int:
    """Letters at the end of a text with which a stop may begin."""
    return next((size for size in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:size])), 0)
