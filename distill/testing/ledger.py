"""What a provider would bill: one entry a request that was read, live or as a row of a batch, and one bill a batch."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

from distill.records import Json

BATCH_RATE = 0.5
"""What a row costs in a batch, as a share of its price live."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One request that was read. `billed` is what a provider charges for; `early`: before its own Retry-After.

    `at` is monotonic seconds; `key` is the id of a request of this body; `batch` is the batch's id, empty for live.
    """

    at: float
    key: str
    fault: str
    status: int
    prompt_tokens: int
    completion_tokens: int
    usd: float
    early: bool = False
    batch: str = ""

    @property
    def billed(self) -> bool:
        return self.completion_tokens > 0


@dataclass(slots=True)
class Bill:
    """What one batch came to. `input_hash` is of the input file's bytes: equal for two uploads of one file."""

    batch: str
    input_hash: str
    model: str
    metadata: dict[str, str]
    rows: int = 0
    usd: float = 0.0


@dataclass(slots=True)
class Ledger:
    """Everything the server saw; `sends` counts the live requests of each key. Without `keep_entries` only counts
    and bills are kept."""

    entries: list[Entry] = field(default_factory=list)
    sends: Counter[str] = field(default_factory=Counter)
    bills: dict[str, Bill] = field(default_factory=dict)
    most_in_flight: int = 0
    keep_entries: bool = True
    usd_per_million: tuple[float, float] = (1.0, 1.0)

    def book(self, key: str, fault: str, status: int, usage: tuple[int, int], *, early: bool, batch: str = "") -> None:
        """One request that was read, and its price; `usage` is tokens in and out, zeros where nothing is charged."""
        usd = (usage[0] * self.usd_per_million[0] + usage[1] * self.usd_per_million[1]) / 1e6
        if batch:
            usd *= BATCH_RATE
            self.bills[batch].rows += usage[1] > 0
            self.bills[batch].usd += usd
        if self.keep_entries:
            self.entries.append(Entry(time.monotonic(), key, fault, status, *usage, usd, early, batch))

    @property
    def usd(self) -> float:
        return sum(entry.usd for entry in self.entries)

    @property
    def billed(self) -> Counter[str]:
        """Times each request was answered and billed, live and by batch."""
        return Counter(entry.key for entry in self.entries if entry.billed)

    @property
    def paid_batches(self) -> Counter[str]:
        """Batches of each input file that were charged for anything."""
        return Counter(bill.input_hash for bill in self.bills.values() if bill.rows)

    def summary(self) -> dict[str, Json]:
        """Counts for a person or a test."""
        return {
            "requests": len(self.entries),
            "billed": sum(entry.billed for entry in self.entries),
            "usd": self.usd,
            "early": sum(entry.early for entry in self.entries),
            "most_in_flight": self.most_in_flight,
            "faults": dict(sorted(Counter(entry.fault or "none" for entry in self.entries).items())),
            "batches": len(self.bills),
            "batch_rows_billed": sum(bill.rows for bill in self.bills.values()),
            "batch_usd": sum(bill.usd for bill in self.bills.values()),
            "most_paid_batches_a_file": max(self.paid_batches.values(), default=0),
            "most_billed_a_request": max(self.billed.values(), default=0),
        }
