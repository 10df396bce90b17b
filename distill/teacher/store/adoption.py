"""Answers that one endpoint gave before it stood in a list: they count for the list too, so that a second endpoint buys nothing anew.

An answer of an endpoint is kept under the identity of that endpoint, one of a list under the identity of all lists. What is there
of an endpoint that stands in a list by now is copied, with its id computed anew; each row is looked at once, since `adopted` notes
how far that was done. Nothing is sent, and nothing that was kept changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from distill.records import Request
from distill.teacher.endpoint.address import Address
from distill.teacher.endpoint.wire import without_user
from distill.teacher.store.rows import Column, Statement
from distill.teacher.store.store import Store

_REST = (
    "draw, request, text, finish_reason, refusal, reasoning, model, prompt_tokens, completion_tokens, cached_tokens, tokens_measured, "
    "usd, latency_s, raw, at, cache_write_tokens, reasoning_tokens, tool_calls, logprobs"
)
_COPY = f"INSERT OR IGNORE INTO answers (request_id, endpoint, {_REST}) SELECT ?, ?, {_REST} FROM answers WHERE rowid=?"  # noqa: S608 - names of our own
_DONE = "INSERT INTO adopted VALUES (?1,?2,?3,?4) ON CONFLICT DO UPDATE SET upto=?4"
_OF_ENDPOINT = (
    "SELECT rowid, draw, request FROM answers WHERE rowid>? AND rowid<=? AND endpoint=? AND json_valid(request) "
    "AND json_extract(request, '$.model')=?"
)


def adopt(store: Store, addresses: Iterable[Address]) -> int:
    """Bring the answers of single endpoints under the identity of the lists that they stand in; how many rows were looked at and are theirs."""
    newest = store.query("SELECT coalesce(max(rowid), 0) FROM answers").fetchone()[0]
    wanted = {(one.identity, without_user(url), one.model) for one in addresses if one.listed for url in one.urls}
    return sum(_adopt(store, *one, newest) for one in sorted(wanted))


def _adopt(store: Store, identity: str, endpoint: str, model: str, newest: int) -> int:
    before = store.query(
        "SELECT upto FROM adopted WHERE identity=? AND endpoint=? AND model=?", (identity, endpoint, model)
    ).fetchone()
    upto = before[0] if before else 0
    if upto >= newest:
        return 0
    found: list[tuple[Column, ...]] = [
        (Request(identity, json.loads(body), draw).id, identity, row)
        for row, draw, body in store.query(_OF_ENDPOINT, (upto, newest, endpoint, model))
    ]
    copies: list[Statement] = [(_COPY, one) for one in found]
    store.write([*copies, (_DONE, (identity, endpoint, model, newest))])
    return len(found)
