"""Everything that can stop a command, and the exit code each one maps to.

    DistillError                 1   an internal error unless a subclass says otherwise
    ├── UsageError               2   a command line that cannot be obeyed
    │   └── SpecError            2   faults of a file, all of them at once
    ├── RowsOwed                 3   the work stopped with rows still unanswered
    ├── GateNotMet               4   an `expect:` or a verdict was not reached
    ├── BudgetReached            5   the next send could pass the limit
    └── AccessRefused            6   a bad key, an empty quota, an unknown model

One bad row is never an error: it is a row of `dropped.parquet`. An error stops the command,
says the value found, what was expected and the next move, and leaves everything paid for in the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

INTERRUPTED = "interrupted; everything answered is kept, run again to go on"
"""What is said when Ctrl-C ends a command."""

NOT_HERE = (
    "distill runs on Linux and macOS. On Windows run it in WSL (`wsl --install`, then install it there as on Linux) or with Docker: "
    "its locks, its event loop and the sandbox of a task's own check need what Windows lacks"
)
"""What is said on Windows."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a file: where, and a sentence with the value found and what was expected."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class DistillError(Exception):
    """Stops a command with one line for a person; `exit_code` is the process's status."""

    exit_code = 1


class UsageError(DistillError, ValueError):
    """The request itself is wrong; nothing was sent or written."""

    exit_code = 2


class SpecError(UsageError):
    """Every fault found in one file, so that a user fixes them in one go."""

    def __init__(self, source: str, faults: Sequence[Fault]) -> None:
        self.source = source
        self.faults = tuple(faults)
        if len(self.faults) == 1:
            only = self.faults[0]
            super().__init__(str(only) if only.where else f"{source}: {only.message}")
            return
        count = f"{len(self.faults)} fault{'s' if len(self.faults) != 1 else ''}"
        super().__init__(f"{source}: {count}\n" + "\n".join(f"  {fault}" for fault in self.faults))


class RowsOwed(DistillError):
    """Some rows have no answer yet; running the same command again asks only for those."""

    exit_code = 3


class GateNotMet(DistillError):
    """The work is done and what the spec demanded of it was not reached."""

    exit_code = 4


class BudgetReached(DistillError):
    """The next send could pass the budget; everything paid for is in the store."""

    exit_code = 5


class AccessRefused(DistillError, PermissionError):
    """The endpoint will refuse every further call: a key, a quota or a model; rows stay pending."""

    exit_code = 6
