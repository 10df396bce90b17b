"""Logged chats as seeds: what was asked becomes the conversation to be answered, what was answered the known answer.

    {"messages": [{"role": "user", "content": …}, …]}                  OpenAI's, also in a fine-tuning file or a request log
    {"conversations": [{"from": "human", "value": …}, …]}              ShareGPT
    {"contents": [{"role": "user", "parts": [{"text": …}]}, …]}        Gemini
    {"instruction": …, "input": …, "output": …, "history": […]}        Alpaca
    {"prompt": …, "completion": …}                                     pairs, of texts or of turns
    {"request": {"body": {…}}, "response": {…}}                        a log of requests, with the answer that each had

Each becomes {"messages": [turns up to the question], "system": its system prompt or "", "reply": the last answer or None, and
"[request]": its own tools and how they may be called, where it brings some}. Keys that mean something are read or the row is
refused by their name (`chat_keys`); every other column stays as it was. A template puts the turns in with `[messages]` and
`{{messages}}`; `gold: reply` names the answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from distill.chat import conversation
from distill.chat.content import kind
from distill.chat.content import text as text_of
from distill.records import Json
from distill.seeds.chat_logs import keys, row_request
from distill.seeds.chat_logs.request_logs import request_and_answer
from distill.seeds.chat_logs.turns import read_turns
from distill.seeds.formats.file_format import RawRow
from distill.text.normalise import strict_json

SHAPES = "messages (OpenAI), conversations (ShareGPT), contents (Gemini), instruction and output (Alpaca), or prompt and completion"


UNKNOWN = (
    "chats end with an answer that has a weight of 0, declines or was cut off: it is no known answer and does not train"
)
MUST_NOT_TRAIN = (
    "must not train (a weight of 0, a refusal, or cut off), and seeds.turns: every trains each of the assistant's; leave the row out, or "
    "say turns: last"
)
UNSENT = "chats have a system turn of their own, which is not sent: no prompt names {{system}}"


def row_of(
    row: Mapping[str, Json], *, system: bool = True, tally: Counter[str] | None = None, ours: Collection[str] = (),
    test: bool = False, every: bool = False,
) -> RawRow:  # fmt: skip
    """A logged chat as a row of seeds; ValueError says what is wrong with it. `ours` and `test` are as in `chat_keys.refuse`.

    `system` says whether a prompt names the system prompt or brings its own. Where none does, one that stands beside the turns
    is sent as the first of them. With `every` the assistant's earlier turns are to train, so none may be one that must not. `tally` counts what a person should know of.
    """
    row = request_and_answer(row)
    keys.refuse(row, ours=ours, test=test)
    request = row_request.request_of(row)
    turns, used = turns_of(row, ours)
    if not turns:
        raise ValueError("a conversation is a list of turns, found none in it")
    found = read_turns(turns)
    told = conversation.turns(found.turns, last=False)
    if every and (masked := [place for place in found.masked if place < len(found.turns)]):
        raise ValueError(f"turn {masked[0]} {MUST_NOT_TRAIN}")
    beside = [_system(row[key]) for key in keys.SYSTEM if row.get(key)]
    spoken = [str(turn["content"]) for turn in told if turn["role"] in ("system", "developer")]
    said = [turn for turn in told if turn["role"] not in ("system", "developer")]
    reply = said.pop() if said and said[-1]["role"] == "assistant" else None
    if not said:
        raise ValueError("nothing was asked: the chat has no turn of the user's before its answer")
    used = {*used, *keys.SYSTEM, *(keys.REQUEST if request else ())}
    made: RawRow = {key: value for key, value in row.items() if key not in used}
    made |= {"messages": said, "system": "\n\n".join(dict.fromkeys(beside + spoken))}
    if beside and not system:
        made["messages"] = [{"role": "system", "content": "\n\n".join(beside)}, *said]
    made["reply"] = (_reply(reply) if reply else _plain(row, used)) if found.known else None
    if tally is not None:
        tally[UNKNOWN] += reply is not None and not found.known
        tally[UNSENT] += bool(spoken) and not system
    return made | {conversation.REQUEST: request} if request else made


def turns_of(row: Mapping[str, Json], ours: Collection[str]) -> tuple[list[Json], set[str]]:
    """(the turns as they stand there, the keys that they were read from)."""
    for name in keys.HELD:
        turns = _list(row.get(name), name)
        if turns is not None:
            after, used = _choice(row)
            return [*turns, *after], {name, *used}
    if isinstance(row.get("input"), list) or ("instructions" in row and isinstance(row.get("input"), str)):
        return _responses(row)
    for asked, answered in keys.PAIRS:
        if asked in row and (not answered or answered in row):
            return _pair(row, asked, answered, ours)
    raise ValueError(f"no chat: expected {SHAPES}; found {', '.join(map(str, row)) or 'nothing'}")


def _list(value: Json, name: str) -> list[Json] | None:
    """A list of turns, also one in a text of JSON; None where it is no list."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = strict_json(value)
        except ValueError as error:
            raise ValueError(f"`{name}` is a text that is no JSON: {error}") from None
    if isinstance(value, list) and not value:
        raise ValueError("a conversation is a list of turns, found an empty one")
    if name == "contents" and isinstance(value, str) and value.strip():
        return [{"role": "user", "content": value}]
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        alone = value[0]  # a list of one conversation
        return alone if alone and all(isinstance(turn, Mapping) for turn in alone) else value
    return value if isinstance(value, list) else None


def _choice(row: Mapping[str, Json]) -> tuple[list[Json], set[str]]:
    """The answer that a log keeps beside its turns, and its key."""
    choices = row.get("choices")
    if isinstance(choices, list) and choices:
        if len(choices) > 1:
            raise ValueError(f"`choices` holds {len(choices)} answers, expected one")
        first = choices[0]
        message = first.get("message") if isinstance(first, Mapping) else None
        if not isinstance(message, Mapping):
            raise ValueError("`choices` holds no message")
        return [{"role": "assistant", "finish_reason": first.get("finish_reason"), **message}], {"choices"}
    for key in ("completion", "output"):
        answer = row.get(key)
        if isinstance(answer, list):
            return answer, {key}
        if isinstance(answer, Mapping) and "content" in answer:
            return [{"role": "assistant", **answer}], {key}
    if isinstance(row.get("completion"), str):
        return [{"role": "assistant", "content": row["completion"]}], {"completion"}
    return [], set()


def _responses(row: Mapping[str, Json]) -> tuple[list[Json], set[str]]:
    """A request of OpenAI's Responses API and what it gave."""
    asked = row["input"] if isinstance(row["input"], list) else [{"role": "user", "content": row["input"]}]
    first = [{"role": "system", "content": row["instructions"]}] if row.get("instructions") else []
    after, used = _choice(row)
    if isinstance(row.get("output"), str):
        after, used = [{"role": "assistant", "content": row["output"]}], {"output"}
    return [*first, *asked, *after], {"input", "instructions", *used}


def _pair(row: Mapping[str, Json], asked: str, answered: str, ours: Collection[str]) -> tuple[list[Json], set[str]]:
    """A question and its answer, each a text or turns, after a history where there is one."""
    question, answer = row[asked], row.get(answered)
    beside = "input" if "input" in row else "context"
    more = row.get(beside) if asked == "instruction" and (beside == "input" or beside not in ours) else None
    if asked == "instruction" and not question and isinstance(more, str):
        question, more = more, None
    history = _list(row.get("history") or None, "history") or []
    if row.get("history") and not history:
        raise ValueError(f"`history` is {kind(row['history'])}, expected pairs of a question and its answer, or turns")
    turns = _list(question, asked) if isinstance(question, list) else None
    if turns is None:
        if not isinstance(question, str) or not question.strip() or not isinstance(more or "", str):
            raise ValueError(f"the {asked} is empty or no text")
        content = f"{question}\n\n{more}" if (more or "").strip() else question
        turns = [{"role": "user", "content": content}]
    if answer is None or answer == "" or _is_plain(answer):
        after = []
    elif isinstance(answer, list):
        after = answer
    else:
        after = [
            {"role": "assistant", **answer} if isinstance(answer, Mapping) else {"role": "assistant", "content": answer}
        ]
    used = {asked, answered, "history", *(["input"] if asked == "instruction" else [])}
    return [*history, *turns, *after], used


def _system(value: Json) -> str:
    """A system prompt that stands beside the turns."""
    try:
        return text_of(value) or ""
    except ValueError as error:
        raise ValueError(f"`system`: {error}") from None


def _is_plain(answer: Json) -> bool:
    """Whether an answer is a value of its own: neither a text nor turns."""
    if isinstance(answer, Mapping):
        return not any(key in answer for key in ("role", "content", "tool_calls", "function_call", "parts"))
    if isinstance(answer, list):
        return not all(
            isinstance(turn, Mapping) and any(key in turn for key in ("role", "from", "type")) for turn in answer
        )
    return not isinstance(answer, str | None)


def _plain(row: Mapping[str, Json], used: Collection[str]) -> Json:
    """The known answer of a pair that is an object, a list or a number."""
    answers = [row[key] for key in ("output", "completion", "response", "answer") if key in used and key in row]
    return next((answer for answer in answers if _is_plain(answer)), None)


def _reply(turn: conversation.Turn | None) -> Json:
    """The answer as gold compares it: its text, or its calls as a teacher's are spelt."""
    if turn is None:
        return None
    calls = turn.get("tool_calls")
    if not calls:
        return turn["content"] or None
    spoken = [conversation.call_of(call).plain for call in calls]
    return {"content": turn["content"] or None, "tool_calls": spoken}
