"""A host that makes no tuning jobs any more: how that is reported, and the ways on."""

from __future__ import annotations

import re

DATES = (
    "OpenAI is closing fine-tuning: no new jobs since 7 May 2026 for organisations that had never tuned a model, since "
    "2 July 2026 for those that had not used a tuned one for 60 days, and from 6 January 2027 for anyone"
)
WAYS_ON = (
    "Ways on: another host (student.train.host: together, or a base_url of Nebius, Azure or a gateway), or "
    "student.train.with: lora on this machine"
)
_TRAINING = r"(fine[-_ ]?tun\w*|train\w*|tuning)"
_NO_MORE = (
    r"(no longer|not (currently )?(available|allowed|permitted|enabled|eligible)|isn't available|unavailable|disabled|"
    r"deprecated|discontinued|retired|closed|has ended|sunset\w*|cannot create|can't create)"
)
_CLOSED = re.compile(rf"{_TRAINING}.{{0,120}}{_NO_MORE}|{_NO_MORE}.{{0,120}}{_TRAINING}", re.IGNORECASE | re.DOTALL)
_OTHER = re.compile(r"\bmodel\b|\bfile\b|\bexample|\brow\b|\bline \d", re.IGNORECASE)


def says_closed(status: int, message: str) -> bool:
    """Whether a refusal says that training is not to be had here: a 400 or 403 of training, and not of its file or model."""
    return status in (400, 403) and _CLOSED.search(message) is not None and _OTHER.search(message) is None
