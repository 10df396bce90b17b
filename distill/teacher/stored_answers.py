"""What the store says of a request: the answer that counts, why there is none yet, and whether there never will be."""

from __future__ import annotations

from distill import finish_reason
from distill.records import Answer, Ended, Request
from distill.teacher.batch import journal, open_batches
from distill.teacher.requests import raised
from distill.teacher.store.store import Store

PENDING = "pending"
"""The reason of a request that may still be answered: none of its sends has ended, or it is in a batch."""


def final_answer(store: Store, asked: Request, raise_to: int | None) -> tuple[Request, Answer | None]:
    """The answer that counts for a request, and what was sent for it: where it was cut off, the raised one's, if held."""
    answer = store.get(asked.id)
    if raise_to is None or answer is None or answer.finish_reason != finish_reason.LENGTH:
        return asked, answer
    again = raised(asked, raise_to)
    better = store.get(again.id)
    return (again, better) if better is not None else (asked, answer)


def why_unanswered(store: Store, request_id: str) -> tuple[str, str]:
    """Reason and detail of a request without an answer, by its sends; the reason is PENDING while no send has ended."""
    attempts = store.attempts(request_id)
    ended = [attempt for attempt in attempts if attempt.ended]
    if (batch := journal.where(store, request_id)) is not None:
        return PENDING, f"in {open_batches.named(batch)}"
    if not ended:
        return PENDING, "not sent yet" if not attempts else f"sent {len(attempts)} times, the outcome is unknown"
    return str(ended[-1].ended), f"after {len(attempts)} sends: {ended[-1].error}"


def why_pending(store: Store, request_id: str) -> str:
    """The same in one sentence."""
    reason, detail = why_unanswered(store, request_id)
    return detail if reason == PENDING else f"{reason} {detail}"


def is_refused(store: Store, request: Request) -> bool:
    """Whether the endpoint has said that it will never take this row: asking again would only say so again."""
    ended = [attempt.ended for attempt in store.attempts(request.id) if attempt.ended]
    return bool(ended) and ended[-1] == Ended.REFUSED
