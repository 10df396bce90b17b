"""A batch's output and error files → how each of its rows ended.

Lines come in any order, twice, with ids that nobody sent, with a body that is JSON or a stream inside JSON, or not at all. A row is
matched by its custom_id with what was sent; the first whole line of a row counts.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from distill.money import Price
from distill.records import Answer, Ended, Json
from distill.secrets.masking import SecretMask
from distill.teacher import reply
from distill.teacher.batch.files.input_file import BatchRow, InputFileReader, id_of, read
from distill.teacher.reply import parsed
from distill.teacher.store.rows import EndedRow

CHUNK = 2 << 20
"""Bytes of whole lines that are read at once, off the event loop."""
_NOT_RUN = ("batch_expired", "batch_cancelled", "batch_canceled")


@dataclass(slots=True)
class Oddities:
    """What was found beside the rows; none of it is lost silently."""

    unknown_ids: int = 0
    repeated: int = 0
    unreadable: int = 0


@dataclass(slots=True)
class ResultReader:
    """Reads the files of one batch. `open` are its rows that are not settled: request id → (attempt, dollars booked)."""

    sent: InputFileReader
    endpoint: str
    price: Price | None
    open: dict[str, tuple[int, float]]
    mask: SecretMask = field(default_factory=SecretMask)
    oddities: Oddities = field(default_factory=Oddities)
    seen: set[str] = field(default_factory=set)

    def chunk(self, read_lines: Iterable[bytes]) -> list[EndedRow]:
        """How the rows of these lines ended, for `Store.settle_many`."""
        found = (self._line(self.mask.body(raw)) for raw in read_lines if raw.strip())
        return [one for one in found if one is not None]

    def missing(self, status: str) -> list[EndedRow]:
        """The rows that no line told of, after all files are read."""
        rest = []
        for custom_id in self.sent.order:
            name = id_of(custom_id)
            if name in self.open and name not in self.seen:
                ended = Ended.BROKEN if status == "completed" else Ended.EXPIRED
                said = f"the batch is {status} and has no line for this row"
                rest.append(self._ended(self.sent[custom_id], Answer(name, ended, error=said)))
        return rest

    def refused(self, faults: Iterable[tuple[int | None, str, str]]) -> list[EndedRow]:
        """The rows that failed the batch's validation, by line."""
        found = []
        for number, code, message in faults:
            if number is None or not 1 <= number <= len(self.sent.order):
                continue
            row = self.sent[self.sent.order[number - 1]]
            if row.id in self.open and row.id not in self.seen:
                self.seen.add(row.id)
                found.append(self._ended(row, Answer(row.id, Ended.REFUSED, error=f"{code}: {message}", status=400)))
        return found

    def _line(self, raw: bytes) -> EndedRow | None:
        try:
            found = read(raw.removeprefix(codecs.BOM_UTF8))
            custom_id = found["custom_id"]
        except (ValueError, KeyError, TypeError):
            self.oddities.unreadable += 1
            return None
        if not isinstance(custom_id, str) or custom_id not in self.sent:
            self.oddities.unknown_ids += 1
            return None
        row = self.sent[custom_id]
        if row.id in self.seen:
            self.oddities.repeated += 1
            return None
        self.seen.add(row.id)
        return self._ended(row, _answer(row, found, raw, self.price)) if row.id in self.open else None

    def _ended(self, row: BatchRow, answer: Answer) -> EndedRow:
        attempt, booked = self.open[row.id]
        if answer.ended.maybe_billed and not answer.counted:  # booked at its ceiling, as an estimate
            answer = replace(answer, usd=booked, usage=replace(answer.usage, measured=False))
        return attempt, (row.id, self.endpoint, row.draw, row.request), self.mask.answer(answer)


def read_lines(path: Path) -> Iterator[list[bytes]]:
    """The lines of a file, some thousand at a time; they end at a newline and at nothing else that Unicode calls one."""
    with path.open("rb") as file:
        while part := file.readlines(CHUNK):
            yield part


def _answer(row: BatchRow, found: dict[str, Json], raw: bytes, price: Price | None) -> Answer:
    """A line as an answer; anything that is no whole answer says why."""
    found = _in_our_form(found)
    response, error = found.get("response"), found.get("error")
    if not isinstance(response, dict):
        return _without_response(row, error)
    status, body = _status(response.get("status_code")), response.get("body")
    if isinstance(body, str):
        try:
            body = parsed.value(body.encode("utf-8", "surrogatepass"))
        except ValueError:
            body = None
    if status is not None and 200 <= status < 300:
        return reply.read_object(body, row, price=price, raw=raw)
    if status is None:
        return Answer(row.id, Ended.OVERLOADED, error=f"status_code {str(response.get('status_code'))[:80]!r}")
    return reply.refused_with(status, body or error, row)


def _in_our_form(found: dict[str, Json]) -> dict[str, Json]:
    """Lines of other hosts: the completion itself in the place of its response, or beside it, or Anthropic's `result`."""
    result = found.get("result")
    places = [one for one in (found.get("response"), found.get("body"), result) if isinstance(one, dict)]
    body = next((one for one in places if "choices" in one or one.get("object") == "response"), None)
    if body is None and isinstance(result, dict) and not found.get("response"):
        body = result.get("message")
        found = found | {"error": result.get("error") or {"code": f"batch_{result.get('type')}"}}
    return found | {"response": {"status_code": 200, "body": body}} if isinstance(body, dict) else found


def _without_response(row: BatchRow, error: Json) -> Answer:
    """A line that has only an error, or nothing: not run, or as its code says."""
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, str) and code in _NOT_RUN:
        return Answer(row.id, Ended.EXPIRED, error=str(error.get("message") or code)[:400])
    return reply.refused_with(200, error or "no response and no error", row)


def _status(value: object) -> int | None:
    """An HTTP status, also where it is spelt as text; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 3:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 100 <= value < 600 else None
