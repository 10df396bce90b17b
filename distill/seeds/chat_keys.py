"""Keys of a logged chat that mean something: each is read, or the row is refused by its name. All others are columns."""

from __future__ import annotations

from collections.abc import Mapping

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
"""What a chat was asked with; `distill.seeds.row_request` reads it."""
_WEIGHTS = ("weight", "loss_weight")
_MARKS = ("loss", "train", "trainable")
"""Whether an answer trains; of the marks only yes and no, since a fraction may be a measured loss."""
_ELSEWHERE = {
    "chosen": "a pair of a good and a bad answer; keep the good one as `completion` beside `prompt`",
    "rejected": "a pair of a good and a bad answer; keep the good one as `completion` beside `prompt`",
    "preferred_output": "a pair of a good and a bad answer; keep the good one as `completion` beside `prompt`",
    "non_preferred_output": "a pair of a good and a bad answer; keep the good one as `completion` beside `prompt`",
    "images": "pictures; only text can be read",
    "image": "a picture; only text can be read",
    "videos": "films; only text can be read",
    "video": "a film; only text can be read",
    "audios": "sounds; only text can be read",
    "audio": "a sound; only text can be read",
}
_OF_A_TURN = ("audio", "images", "image", "videos", "video")


def refuse(row: Mapping[str, Json]) -> None:
    """ValueError for a row with a key that says something which no seed can."""
    for key, what in _ELSEWHERE.items():
        if row.get(key) not in (None, "", [], {}):
            raise ValueError(f"`{key}` holds {what}")
    if row.get("kto_tag") is False or (row.get("label") is False and "completion" in row):
        raise ValueError(
            "the row says that its answer is a bad one (`label` or `kto_tag` is false), so it must not train; leave it out"
        )
    for key in _WEIGHTS:
        if not weighs(row, key):
            raise ValueError(f"`{key}` is 0, so the row must not train; leave it out")


def refuse_turn(turn: Mapping[str, Json]) -> None:
    """ValueError for a turn with such a key."""
    for key in _OF_A_TURN:
        if turn.get(key) not in (None, "", [], {}):
            raise ValueError(f"`{key}` cannot be read; only text can")


def trains(turn: Mapping[str, Json]) -> bool:
    """Whether an answer may train; ValueError for a weight that is neither 0 nor 1."""
    marked = not any(isinstance(turn.get(key), int) and turn[key] == 0 for key in _MARKS)
    return all([marked, *(weighs(turn, key) for key in _WEIGHTS)])


def weighs(holder: Mapping[str, Json], key: str) -> bool:
    """Whether what is weighed counts; ValueError for a weight that is neither 0 nor 1."""
    value = holder.get(key)
    if value is None or str(value).strip().lower() in ("1", "1.0", "true"):
        return True
    if str(value).strip().lower() in ("0", "0.0", "false"):
        return False
    raise ValueError(f"`{key}` is {str(value)[:40]!r}; only 0 and 1 can be read")
