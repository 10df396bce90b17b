"""What hosts call the state of a batch, an uploaded file or a tuning job: one table of all their words.

A word is read in any case, with any separator, and with the prefixes of vendors (`JOB_STATE_SUCCEEDED`, `in-progress`,
`Canceled`). A word that is in no table is `UNKNOWN`: whoever waits goes on waiting, for a bounded time, and names it.
"""

from __future__ import annotations

import re
from enum import StrEnum


class State(StrEnum):
    """What a word means, in OpenAI's spelling where it has one."""

    GOING = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"

    @property
    def ended(self) -> bool:
        return self not in (State.GOING, State.UNKNOWN)


_WORDS = {
    State.GOING: (
        "validating validatingfiles queued pending created creating submitted scheduled running inprogress processing "
        "preprocessing postprocessing finalizing finalising cancelling canceling cancelrequested cancellationrequested "
        "cancelpending stopping notrunning notstarted preparing starting started initializing initialising uploading "
        "compressing training evaluating paused pausing resuming updating unspecified waiting accepted received new active "
        "deploying working ongoing enqueued inqueue uploaded deleting"
    ),
    State.COMPLETED: (
        "completed complete succeeded success successful done finished ended processed ready ok partiallycompleted "
        "partiallysucceeded completedwitherrors completedwithfailures available"
    ),
    State.FAILED: "failed failure error errored validationfailed invalid rejected usererror systemerror internalerror",
    State.CANCELLED: "cancelled canceled stopped aborted terminated killed revoked deleted usercancelled usercanceled",
    State.EXPIRED: "expired timeout timedout timeoutexceeded",
}
_MEANING = {word: state for state, words in _WORDS.items() for word in words.split()}
_PREFIX = re.compile(r"^(batchjob|job|batch|file|finetuning|finetune)?(state|status)")
_READ = frozenset({"active", "uploadedandprocessed"})
"""Words that say of a file that it was read, and of a job that it goes on."""
_UNREAD = re.compile(
    r"not (in the|in) state|not (yet )?(been )?(ready|processed|available|finished)|(still|currently|being|yet to be) (being )?"
    r"(process|validat|upload|import|pending)|(is|status:?|state:?) ['\"]?(pending|processing|notrunning|running)\b|wait (for|until) .{0,40}(file|process)",
    re.IGNORECASE,
)


def meaning(word: object) -> State:
    """Of a batch or a tuning job."""
    return _MEANING.get(_bare(word), State.UNKNOWN)


def of_file(word: object, *, uploaded_is_read: bool) -> State:
    """Of a file: COMPLETED once the host has read it, also where it tells no state at all; GOING before.

    Most hosts say `uploaded` of an input of batches for ever; an input of tuning is read after it was uploaded.
    """
    bare = _bare(word)
    if not bare or bare in _READ or (bare == "uploaded" and uploaded_is_read):
        return State.COMPLETED
    return meaning(word)


def says_unread(message: str) -> bool:
    """Whether a refusal says that a file is not read yet: `The file X is not in the state Processed.`"""
    return "file" in message.lower() and _UNREAD.search(message) is not None


def _bare(word: object) -> str:
    """`JOB_STATE_IN_PROGRESS` → inprogress."""
    letters = re.sub(r"[^a-z]", "", str(word or "").lower())
    return _PREFIX.sub("", letters) or letters
