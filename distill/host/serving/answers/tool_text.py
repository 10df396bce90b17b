"""Text that may hold calls of tools, while it grows: what is said can be told at once, what may be a call waits until it is whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from distill.base_model.written_calls import calls_of
from distill.protocol import ids
from distill.protocol.completion import tool_call
from distill.records import Json

_TAG = "<tool_call>"


@dataclass(slots=True)
class ToolText:
    """`text` is all that was written, `told` how many of its letters were told."""

    text: str = ""
    told: int = 0
    calls: list[dict[str, Json]] = field(default_factory=list)

    def add(self, text: str) -> str:
        """What can be told now."""
        self.text += text
        return self._tell(_safe(self.text))

    def end(self) -> str:
        """What is left to tell; the calls stand in `calls`."""
        said, found = calls_of(self.text)
        self.calls = [written(str(one["name"]), json.dumps(one["arguments"], ensure_ascii=False)) for one in found]
        if not self.calls:
            return self._tell(len(self.text))
        return "" if self.told else said  # what stands before a call was told; between and behind calls nothing is

    def _tell(self, until: int) -> str:
        said = self.text[self.told : until]
        self.told = max(self.told, until)
        return said


def written(name: str, arguments: str) -> dict[str, Json]:
    """A call with an id of its own."""
    return tool_call(identity=ids.new("call_"), name=name, arguments=arguments)


def numbered(calls: Sequence[dict[str, Json]]) -> list[dict[str, Json]]:
    """Calls as a chunk of a stream has them."""
    return [{"index": place, **call} for place, call in enumerate(calls)]


def _safe(text: str) -> int:
    """Letters at the front that are no part of a call, whatever follows."""
    if text.lstrip()[:1] in ("", "{"):
        return 0  # an answer that is JSON may be a call
    if (tag := text.find(_TAG)) >= 0:
        return tag
    return len(text) - next((size for size in range(len(_TAG) - 1, 0, -1) if text.endswith(_TAG[:size])), 0)
