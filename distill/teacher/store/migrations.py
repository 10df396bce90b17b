"""The tables of the answer store, version by version.

answers    one row a request id that ended well; kept for ever, shared by all runs, never overwritten
attempts   one row a send: written before it (an intent), settled after it. An attempt that was never
           settled died with its process: its outcome is unknown and it may have been billed. One that went out
           in a batch names it, and is settled when the batch is collected. `priced` is 0 where nobody knew what it
           costs; `owner` names the process that sends it (teacher/claims.py); `address` is the endpoint, of several
batches    one row a batch (teacher/batch/journal.py)
adopted    up to which row the answers of one endpoint stand under the identity of several too (teacher/store/adoption.py)
unreadable the body of an attempt that came back and was no whole answer, its first 64 KiB: what was paid for is kept
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from distill.errors import UsageError

_FIRST = """
CREATE TABLE answers (
  request_id TEXT PRIMARY KEY, endpoint TEXT NOT NULL, draw INTEGER NOT NULL, request TEXT NOT NULL,
  text TEXT NOT NULL, finish_reason TEXT NOT NULL, refusal TEXT NOT NULL, reasoning TEXT NOT NULL,
  model TEXT NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
  cached_tokens INTEGER NOT NULL, tokens_measured INTEGER NOT NULL, usd REAL NOT NULL,
  latency_s REAL NOT NULL, raw TEXT NOT NULL, at TEXT NOT NULL
) STRICT;
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY, request_id TEXT NOT NULL, run TEXT NOT NULL, spender TEXT NOT NULL,
  started TEXT NOT NULL, reserved_usd REAL NOT NULL, settled TEXT, ended TEXT, status INTEGER,
  prompt_tokens INTEGER, completion_tokens INTEGER, usd REAL, estimated INTEGER, error TEXT
) STRICT;
CREATE INDEX attempts_run ON attempts (run, spender);
CREATE INDEX attempts_request ON attempts (request_id);
"""
_SAID = """
ALTER TABLE answers ADD COLUMN cache_write_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE answers ADD COLUMN reasoning_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE answers ADD COLUMN tool_calls TEXT NOT NULL DEFAULT '';
ALTER TABLE answers ADD COLUMN logprobs TEXT NOT NULL DEFAULT ''
"""
_BATCHES = """
ALTER TABLE attempts ADD COLUMN batch TEXT;
CREATE INDEX attempts_batch ON attempts (batch) WHERE batch IS NOT NULL;
CREATE TABLE batches (
  key TEXT PRIMARY KEY, run TEXT NOT NULL, spender TEXT NOT NULL, endpoint TEXT NOT NULL, model TEXT NOT NULL,
  requests INTEGER NOT NULL, bytes INTEGER NOT NULL, tokens INTEGER NOT NULL, made TEXT NOT NULL, state TEXT NOT NULL,
  file_id TEXT, batch_id TEXT, submitted TEXT, ended TEXT, collected TEXT, answered INTEGER, error TEXT
) STRICT
"""
_UNREADABLE = """
CREATE TABLE unreadable (attempt INTEGER PRIMARY KEY, status INTEGER, raw TEXT NOT NULL, at TEXT NOT NULL) STRICT
"""
_OWNERS = """
ALTER TABLE attempts ADD COLUMN priced INTEGER NOT NULL DEFAULT 1;
ALTER TABLE attempts ADD COLUMN owner TEXT
"""
_ADDRESSES = """
ALTER TABLE attempts ADD COLUMN address TEXT;
CREATE TABLE adopted (
  identity TEXT NOT NULL, endpoint TEXT NOT NULL, model TEXT NOT NULL, upto INTEGER NOT NULL, PRIMARY KEY (identity, endpoint, model)
) STRICT
"""
MIGRATIONS = (_FIRST, _SAID, _BATCHES, _UNREADABLE, _OWNERS, _ADDRESSES)
"""One script a version of the file; a released one is never changed, the next is appended."""
VERSION = len(MIGRATIONS)


def readable_version(db: sqlite3.Connection, path: Path) -> int:
    """The version of a file; UsageError where it is a newer one."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION:
        raise UsageError(
            f"{path} is an answer store of version {version}; this distill reads up to {VERSION}: upgrade it"
        )
    return version


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Bring a file to VERSION, in one transaction: another process may be opening it at the same moment.

    Raises UsageError where the file is of a newer version.
    """
    db.execute("BEGIN IMMEDIATE")
    version = readable_version(db, path)
    for script in MIGRATIONS[version:]:
        for statement in script.split(";"):
            db.execute(statement)
    db.execute(f"PRAGMA user_version={VERSION}")
    db.execute("COMMIT")
