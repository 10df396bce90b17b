"""The rows of one batch at work: answered as live rows are, billed at the batch rate, written to the two files.

A row is billed in the moment it is answered, so what an expired or cancelled batch has done is paid for. Which rows
are never done, refused or spoilt on the way out is drawn beforehand (faults).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import orjson

from distill.records import Request
from distill.teacher.batch.files.input_file import read
from distill.teacher.endpoint.client import encode
from distill.testing.batch import faults
from distill.testing.batch.rows import RequestRow, Rows
from distill.testing.completions import Completion, complete
from distill.testing.dialects.draw import Dialects, Met
from distill.testing.faults import HALF_EMOJI, SEPARATORS, begun
from distill.testing.ledger import Ledger

_REFUSALS = (
    (400, "invalid_request_error", "This request is not taken"),
    (429, "rate_limit_exceeded", "Rate limit reached"),
    (500, "server_error", "The server had an error"),
)
_EXPIRED = {
    "code": "batch_expired",
    "message": "This request could not be executed before the completion window expired.",
}
_OF_ROWS = ("error-rows", "status-0", "string-body", "missing-rows", "unknown-ids", "duplicate-rows", "line-separators", "surrogate")  # fmt: skip
_NOBODYS = -1
"""Stands in the order of the run for a row that nobody sent."""


@dataclass(slots=True)
class RowOutcomes:
    """`order` is the order of the run without the rows that are never done; `done` of it are."""

    batch: str
    rows: Rows
    ledger: Ledger
    hit: dict[str, frozenset[int]]
    order: list[int]
    undone: list[int]
    dialects: Dialects
    done: int = 0
    completed: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    output: bytearray = field(default_factory=bytearray)
    errors: bytearray = field(default_factory=bytearray)

    def until(self, count: int) -> None:
        while self.done < min(count, len(self.order)):
            self._answer(self.order[self.done])
            self.done += 1

    def expire(self) -> None:
        """A line of the error file for each row that is not done."""
        for index in [*self.order[self.done :], *self.undone]:
            if index != _NOBODYS:
                line = self._line(self.rows[index], f"{index}")
                self.errors += line + b'"response":null,"error":' + orjson.dumps(_EXPIRED) + b"}\n"

    def _answer(self, index: int) -> None:
        if index == _NOBODYS:
            nobodys = RequestRow(f"nobody-{self.done}", {})
            self._write(nobodys, "unknown", 200, b'{"object":"chat.completion","choices":[]}')
            return
        row = self.rows[index]
        request = Request("", row.body)
        refused = index in self.hit["error-rows"]
        if refused or index in self.hit["status-0"]:
            self._refuse(row, request.id, _REFUSALS[index % 3] if refused else None)
            return
        try:
            answer = complete(request, size=len(encode(row.body)))
        except (LookupError, TypeError, ValueError, AttributeError):
            self._refuse(row, request.id, (400, "invalid_request_error", "The body is no request of this endpoint"))
            return
        if (met := self.dialects.meet(request, answer)) is not None and (body := _line_of(met)) is not None:
            self._in_dialect(index, row, met, body)
            return
        usage = (answer.prompt_tokens, answer.completion_tokens)
        self.ledger.book(answer.key, "", 200, usage, early=False, batch=self.batch)
        self.completed += 1
        self.prompt_tokens += usage[0]
        self.completion_tokens += usage[1]
        for copy in range(2 if index in self.hit["duplicate-rows"] else 1):
            self._write(row, f"{index} {copy}", 200, self._spoilt(index, answer))

    def _in_dialect(self, index: int, row: RequestRow, met: Met, body: bytes) -> None:
        """A row with a body of the corpus, billed as that says."""
        taken = met.status == 200
        self.ledger.book(Request("", row.body).id, met.name, met.status, met.billed, early=False, batch=self.batch)
        self.completed += taken
        self.failed += not taken
        self.prompt_tokens += met.billed[0]
        self.completion_tokens += met.billed[1]
        self._write(row, f"{index} 0", met.status, body, failed=not taken)

    def _spoilt(self, index: int, answer: Completion) -> bytes:
        body = answer.body
        if index in self.hit["line-separators"]:
            body = begun(body, SEPARATORS)
        if index in self.hit["surrogate"]:
            body = begun(body, HALF_EMOJI)
        return orjson.dumps(body.decode()) if index in self.hit["string-body"] else body

    def _refuse(self, row: RequestRow, key: str, refusal: tuple[int, str, str] | None) -> None:
        """A row with an error, or with status 0 and no body where there is no refusal."""
        self.failed += 1
        status, code, message = refusal or (0, "", "")
        self.ledger.book(key, code or "status-0", status, (0, 0), early=False, batch=self.batch)
        error = {"error": {"message": message, "type": code, "param": None, "code": code}}
        self._write(row, key, status, orjson.dumps(error) if status else b"null", failed=bool(status))

    def _write(self, row: RequestRow, name: str, status: int, body: bytes, *, failed: bool = False) -> None:
        line = self._line(row, name)
        line += b'"response":{"status_code":%d,"request_id":"%s","body":' % (status, line[17:33])
        line += body + b'},"error":null}\n'
        if failed and "errors-in-output" not in self.hit:
            self.errors += line
        else:
            self.output += line

    def _line(self, row: RequestRow, name: str) -> bytes:
        """How a line begins: its own id and the row's."""
        digest = hashlib.blake2b(f"{self.batch} {name}".encode(), digest_size=16).hexdigest()
        return b'{"id":"batch_req_%s","custom_id":%s,' % (digest.encode(), encode(row.custom_id))


def _line_of(met: Met) -> bytes | None:
    """A body as a part of a line; None where it is no JSON, which no batch file holds."""
    try:
        return met.body if b"\n" not in met.body and read(met.body) is not None else encode(read(met.body))
    except (ValueError, RecursionError):
        return None


def outcomes_of(
    batch: str, rows: Rows, ledger: Ledger, met: dict[str, float], dialects: Dialects, *, number: int, seed: int
) -> RowOutcomes:
    """The work of a batch whose rows are sound, with every draw made."""

    def draw(name: str, total: int = len(rows)) -> frozenset[int]:
        return faults.drawn(name, met[name], total=total, number=number, seed=seed) if name in met else frozenset()

    hit = {name: draw(name) for name in _OF_ROWS}
    if "all-errors" in met:
        hit["error-rows"] = frozenset(range(len(rows)))
    if "errors-in-output" in met:
        hit["errors-in-output"] = frozenset()
    undone = draw("expired") | draw("cancelled")
    run = faults.order(len(rows), number=number, seed=seed) if "shuffled" in met else list(range(len(rows)))
    run = [index for index in run if index not in undone and index not in hit["missing-rows"]]
    run += [_NOBODYS] * len(hit["unknown-ids"])
    return RowOutcomes(batch, rows, ledger, hit, run, sorted(undone), dialects)
