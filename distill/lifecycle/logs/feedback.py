"""What a user's feedback means: good, bad, or nothing that anybody could tell.

    true, 1, "up", "👍", "positive", "helpful"       good
    false, 0, -1, "down", "👎", "negative"           bad
    "rating": 2 … 5, "stars": 1 … 5                  up to 2 is bad, from 4 on good; a rating of 1 may be a thumb, and is unknown

Of several the worst counts. A number between 0 and 1 is good from 0.5 on. A word or a number on another scale is kept as a score, and is
no feedback.
"""

from __future__ import annotations

from collections.abc import Mapping

from distill.records import Json

_GOOD = frozenset(
    (
        "up",
        "thumbs_up",
        "thumbsup",
        "thumbs up",
        "👍",
        "+1",
        "positive",
        "good",
        "like",
        "liked",
        "yes",
        "true",
        "helpful",
        "upvote",
        "correct",
        "right",
        "pass",
        "passed",
        "accepted",
        "1",
    )
)
_BAD = frozenset((
    "down", "thumbs_down", "thumbsdown", "thumbs down", "👎", "-1", "negative", "bad", "dislike", "disliked", "no", "false", "unhelpful",
    "not_helpful", "downvote", "0", "wrong", "incorrect", "fail", "failed", "rejected",
))  # fmt: skip
_USERS = ("feedback", "thumb", "rating", "star", "vote", "like", "helpful", "reaction")
"""Parts of the names of what users say; other scores are an evaluator's."""
_STARS = ("rating", "star")


def is_feedback(name: str) -> bool:
    """Whether a score of this name is a user's."""
    return any(part in name.lower() for part in _USERS)


def verdict(scores: Mapping[str, Json], name: str | None = None) -> bool | None:
    """Good, bad or unknown, of all the scores of a call; `name` is the one that counts, by default any of a user's."""
    told = [good(one, value) for one, value in scores.items() if (one == name if name else is_feedback(one))]
    known = [one for one in told if one is not None]
    return all(known) if known else None


def good(name: str, value: Json) -> bool | None:
    """Of one score."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = value.strip().lower()
        return True if word in _GOOD else False if word in _BAD else None
    if not isinstance(value, int | float):
        return None
    if any(part in name.lower() for part in _STARS) and not 0 < value < 1:
        unknown = value == 1 and "star" not in name.lower()
        return None if unknown else True if 4 <= value <= 5 else False if value <= 2 else None
    return value >= 0.5 if value <= 1 else None
