"""What a host says of a batch or of a file now, whatever it calls its states and whatever it leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.protocol.job_states import State, meaning, of_file

if TYPE_CHECKING:
    from openai.types import Batch as FoundBatch
    from openai.types import FileObject

KEY = "distill_batch"
"""The name of our key in a batch's metadata."""


@dataclass(frozen=True, slots=True)
class Look:
    """A batch. `faults` are (line from 1 or None, code, message) of a failed validation."""

    id: str
    state: State
    word: str
    """The state in the host's own word."""
    key: str
    file_id: str
    created: float
    done: int
    failed: int
    output_file_id: str | None
    error_file_id: str | None
    faults: tuple[tuple[int | None, str, str], ...] = ()

    @property
    def ended(self) -> bool:
        return self.state.ended

    @property
    def status(self) -> str:
        """The state in OpenAI's word, or in the host's where no table knows it."""
        return self.state.value if self.ended else self.word


@dataclass(frozen=True, slots=True)
class FileLook:
    """A file; `bytes` is None where the host tells no size."""

    state: State
    word: str
    bytes: int | None
    why: str


def of_batch(found: FoundBatch) -> Look:
    """A batch as the SDK parsed it, which fills in nothing that a host left out."""
    counts, errors = getattr(found, "request_counts", None), getattr(found, "errors", None)
    faults: list[object] = list(getattr(errors, "data", None) or [])
    metadata, word = getattr(found, "metadata", None), getattr(found, "status", None)
    return Look(
        id=_text(found, "id"),
        state=meaning(word),
        word=str(word or "no state"),
        key=str(metadata.get(KEY, "")) if isinstance(metadata, dict) else "",
        file_id=_text(found, "input_file_id"),
        created=_number(found, "created_at"),
        done=int(_number(counts, "completed")),
        failed=int(_number(counts, "failed")),
        output_file_id=_text(found, "output_file_id") or None,  # some hosts give "" where there is none
        error_file_id=_text(found, "error_file_id") or None,
        faults=tuple((_line(one), _text(one, "code"), _text(one, "message")) for one in faults),
    )


def of_upload(found: FileObject) -> FileLook:
    word, size = getattr(found, "status", None), int(_number(found, "bytes"))
    state = of_file(word, uploaded_is_read=True)
    return FileLook(state, str(word or "no state"), size or None, _text(found, "status_details") or "no reason given")


def _text(found: object, name: str) -> str:
    return str(getattr(found, name, None) or "")


def _number(found: object, name: str) -> float:
    value = getattr(found, name, None)
    return value if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**53 else 0


def _line(found: object) -> int | None:
    value = getattr(found, "line", None)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
