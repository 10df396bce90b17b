"""Keys of a logged chat that mean something: each is read, or the row is refused by its name. All others are columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from distill import finish_reason
from distill.records import Json

HELD = ("messages", "conversations", "conversation", "contents", "dialogue", "dialog", "turns")
"""What a list of turns is called."""
PAIRS = (
    ("instruction", "output"), ("instruction", "response"), ("prompt", "completion"), ("prompt", "response"),
    ("prompt", "answer"), ("prompt", "output"), ("question", "answer"), ("question", "response"),
    ("instruction", "completion"), ("instruction", "answer"), ("instruction", ""), ("prompt", ""), ("question", ""),
    ("query", "response"), ("query", "answer"), ("input", "output"), ("input", "response"),
)  # fmt: skip
"""What a question and its answer are called."""
SYSTEM = ("system", "system_prompt", "system_instruction", "systemInstruction")
"""Who the model is to be, said beside the turns."""
REQUEST = ("tools", "functions", "tool_choice", "function_call", "parallel_tool_calls", "response_format")
"""What a chat was asked with; `distill.seeds.chat_logs.row_request` reads it."""
_WEIGHTS = ("weight", "loss_weight", "sample_weight", "loss_scale")
_MARKS = ("loss", "train", "training", "trainable")
"""Whether an answer trains; of the marks only yes and no, since a fraction may be a measured loss."""
_BAD = {"kto_tag": "false", "label": "false", "rejected": "true", "masked": "true"}
"""Marks of a row whose answer must not train."""
_MASKS = ("mask", "loss_mask", "train_detail")
"""Which part of a text trains: a whole answer does or does not here."""
_ENDS = ("finish_reason", "finishReason", "stop_reason")
"""Why an answer that a log keeps ended: half of one teaches half answers."""
_OTHER_SPLITS = (
    "test", "testing", "validation", "valid", "val", "dev", "eval", "evaluation", "holdout", "held_out", "heldout",
)  # fmt: skip
_PAIR = "a pair of a good and a bad answer; keep the good one as `completion` next to `prompt`"
_ELSEWHERE = {
    "chosen": _PAIR,
    "rejected": _PAIR,
    "rejected_response": _PAIR,
    "rejected_responses": _PAIR,
    "rejected_messages": _PAIR,
    "preferred_output": _PAIR,
    "non_preferred_output": _PAIR,
    "images": "pictures; only text can be read",
    "image": "a picture; only text can be read",
    "videos": "films; only text can be read",
    "video": "a film; only text can be read",
    "audios": "sounds; only text can be read",
    "audio": "a sound; only text can be read",
}
_OF_A_TURN = ("audio", "images", "image", "videos", "video")


def refuse(row: Mapping[str, Json], *, ours: Collection[str] = (), test: bool = False) -> None:
    """ValueError for a row with a key that says something which no seed can; `ours` are columns that the task itself names, and
    a `test` row may say that it is one."""
    for key, what in _ELSEWHERE.items():
        if not isinstance(row.get(key), bool) and row.get(key) not in (None, "", [], {}):
            raise ValueError(f"`{key}` holds {what}")
    for key, bad in _BAD.items():
        if key not in ours and isinstance(row.get(key), bool | str) and _spelt(row[key]) == bad:
            raise ValueError(f"`{key}` is {bad}: its answer is a bad one, so the row must not train; leave it out")
    _masked(row)
    for key in (*_WEIGHTS, *_MARKS):
        if key not in ours and (_spelt(row.get(key)) == "false" or (key in _WEIGHTS and not weighs(row, key))):
            raise ValueError(f"`{key}` is {_spelt(row[key])}, so the row must not train; leave it out")
    if not test and "split" not in ours and _spelt(row.get("split")) in _OTHER_SPLITS:
        raise ValueError(
            f"`split` is {row['split']!r}, so the row must not train; leave it out, or name such rows under seeds.test"
        )


def refuse_turn(turn: Mapping[str, Json]) -> None:
    """ValueError for a turn with such a key."""
    for key in _OF_A_TURN:
        if turn.get(key) not in (None, "", [], {}):
            raise ValueError(f"`{key}` cannot be read; only text can")


def trains(turn: Mapping[str, Json]) -> bool:
    """Whether an answer may train; ValueError for a weight that is neither 0 nor 1, or a mask of its text."""
    _masked(turn)
    marked = (
        not any(isinstance(turn.get(key), int) and turn[key] == 0 for key in _MARKS) and turn.get("masked") is not True
    )
    ended = next((str(turn[key]) for key in _ENDS if turn.get(key)), finish_reason.STOP)
    whole = finish_reason.canonical(ended) not in (finish_reason.LENGTH, finish_reason.FILTERED, finish_reason.ERROR)
    return all([marked, whole, *(weighs(turn, key) for key in _WEIGHTS)])


def _masked(holder: Mapping[str, Json]) -> None:
    for key in _MASKS:
        if holder.get(key) is not None:
            raise ValueError(f"`{key}` says which part of a text trains, which cannot be read; leave it out")


def _spelt(value: Json) -> str:
    return str(value).strip().lower()


def weighs(holder: Mapping[str, Json], key: str) -> bool:
    """Whether what is weighed counts; ValueError for a weight that is neither 0 nor 1."""
    value = holder.get(key)
    if value is None or _spelt(value) in ("1", "1.0", "true"):
        return True
    if _spelt(value) in ("0", "0.0", "false"):
        return False
    raise ValueError(f"`{key}` is {str(value)[:40]!r}; only 0 and 1 can be read")
