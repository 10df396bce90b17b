"""A corpus of dataset files, each good but for one planted fault, under the name that a preflight gives it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from chat_files import (
    COUNT,
    SYSTEM,
    Row,
    answer,
    call,
    chat,
    chats,
    label,
    preference,
    question,
    turn,
    with_tools,
)

TODAY = date(2026, 6, 1)
"""A day on which no host closes soon."""


@dataclass(frozen=True)
class Planted:
    """A file with a fault, and what is beside it."""

    rows: Any
    valid: list[Row] | None = None
    test: list[Row] | None = None
    host: str = ""
    base: str = ""
    today: date = TODAY
    tiny: bool = False


def changed(edit: Callable[[Row], None], at: int = 7, rows: list[Row] | None = None) -> list[Row]:
    """Good rows, of which one is edited."""
    rows = chats() if rows is None else rows
    edit(rows[at])
    return rows


def said(place: int, content: Any, **more: Any) -> list[Row]:
    """Good rows, one with another content (or more keys) in a turn."""
    return changed(lambda row: row["messages"][place].update(content=content, **more))


def put(**keys: Any) -> list[Row]:
    return changed(lambda row: row.update(keys))


def turns(*given: Row) -> list[Row]:
    return changed(lambda row: row.update(messages=list(given)), rows=[chat(i, system=None) for i in range(COUNT)])


def tools(**keys: Any) -> list[Row]:
    rows = [with_tools(i) for i in range(COUNT)]
    rows[7] = with_tools(7, **keys)
    return rows


def labels(values: dict[int, str]) -> list[Row]:
    rows = [label(i) for i in range(COUNT)]
    for place, value in values.items():
        rows[place]["messages"][-1]["content"] = value
    return rows


def raw(at: int, line: bytes) -> list[Any]:
    rows: list[Any] = list(chats())
    rows[at] = line
    return rows


def sides(**keys: Any) -> list[Row]:
    return changed(lambda row: row.update(keys), rows=[preference(i) for i in range(COUNT)])


ASK, SAY = turn("user", question(7)), turn("assistant", answer(7))
CALL, RESULT = turn("assistant", None, tool_calls=[call()]), turn("tool", "found", tool_call_id="1")
LINE = json.dumps(chat(7)).encode()

PLANTED: list[tuple[str, Planted]] = [
    ("not_utf8", Planted(raw(7, json.dumps(chat(7)).replace("lamp", "lämp").encode("latin-1").replace(b"note", b"n\xf6te") + b"\n"))),
    ("not_utf8", Planted("".join(json.dumps(row) + "\n" for row in chats()).encode("utf-16"))),
    ("not_json_lines", Planted(json.dumps(chats()).encode())),
    ("not_json_lines", Planted(json.dumps(chat(1), indent=1).encode())),
    ("no_rows", Planted(b"")),
    ("bad_json", Planted(raw(7, b'{"messages": [\n'))),
    ("bad_json", Planted(raw(7, b'{"messages": [], "messages": []}\n'))),
    ("bad_json", Planted(raw(7, b'{"messages": NaN}\n'))),
    ("not_an_object", Planted(raw(7, b'["a"]\n'))),
    ("unknown_layout", Planted([{"conversations": [{"from": "human", "value": question(i)}]} for i in range(COUNT)])),
    ("unknown_layout", Planted([{"instruction": question(i), "output": answer(i)} for i in range(COUNT)])),
    ("mixed_layouts", Planted([*chats(), {"prompt": question(90), "completion": answer(90)}])),
    ("two_layouts_in_a_row", Planted(put(text="Hello"))),
    ("byte_order_mark", Planted(raw(0, b"\xef\xbb\xbf" + json.dumps(chat(0)).encode() + b"\n"))),
    ("blank_lines", Planted(raw(7, b" \n"))),
    ("line_separator", Planted(raw(7, json.dumps(chat(7, system=f"{SYSTEM}"), ensure_ascii=False).replace("?", "?\u2028").encode() + b"\n"))),
    ("crlf", Planted(raw(7, json.dumps(chat(7)).encode() + b"\r\n"))),
    ("no_messages", Planted(put(messages=[]))),
    ("no_messages", Planted(put(messages="hello"))),
    ("bad_turn", Planted(turns(ASK, {"content": "no role"}))),
    ("unknown_role", Planted(turns(turn("human", question(7)), SAY))),
    ("no_content", Planted(said(-1, None))),
    ("not_text", Planted(said(1, [{"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}]))),
    ("not_text", Planted(said(1, 5))),
    ("last_turn", Planted(turns(ASK))),
    ("empty_answer", Planted(said(-1, " \n"))),
    ("empty_turn", Planted(said(1, ""))),
    ("nothing_trains", Planted(said(-1, answer(7), weight=0))),
    ("bad_weight", Planted(said(-1, answer(7), weight=0.5))),
    ("weight_elsewhere", Planted(said(1, question(7), weight=1))),
    ("first_turn", Planted(turns(SAY, ASK, SAY))),
    ("no_user_turn", Planted(turns(turn("system", SYSTEM), SAY))),
    ("system_later", Planted(turns(ASK, turn("system", SYSTEM), SAY))),
    ("same_role_twice", Planted(turns(ASK, turn("user", "Please?"), SAY))),
    ("unknown_key", Planted(put(id=7))),
    ("unknown_turn_key", Planted(said(1, question(7), mood="glad"))),
    ("edge_space", Planted(said(-1, " " + answer(7)))),
    ("old_functions", Planted(turns(ASK, turn("assistant", None, function_call={"name": "look", "arguments": "{}"}), turn("function", "x", name="look"), SAY))),
    ("bad_tools", Planted(changed(lambda row: row.update(tools="look"), rows=[with_tools(i) for i in range(COUNT)]))),
    ("bad_tool_call", Planted(changed(lambda row: row["messages"][1].update(tool_calls=[{"id": "1"}]), rows=tools()))),
    ("bad_arguments", Planted(tools(arguments="{not json"))),
    ("arguments_no_text", Planted(tools(arguments={"q": "x"}))),
    ("tool_not_listed", Planted(tools(name="buy"))),
    ("tools_missing", Planted(turns(ASK, CALL, RESULT, SAY))),
    ("calls_of_another", Planted(turns({**ASK, "tool_calls": [call()]}, SAY))),
    ("result_without_call", Planted(turns(ASK, turn("tool", "x", tool_call_id="9"), SAY))),
    ("call_without_result", Planted(changed(lambda row: row["messages"].pop(2), rows=tools()))),
    ("bad_side", Planted(sides(preferred_output=[]))),
    ("bad_side", Planted(sides(non_preferred_output=[turn("user", "no")]))),
    ("sides_equal", Planted(sides(non_preferred_output=[SAY]))),
    ("chosen_longer", Planted([preference(i) | {"non_preferred_output": [turn("assistant", f"No {i}.")]} for i in range(COUNT)])),
    ("over_context", Planted(said(-1, "word " * 70_000))),
    ("over_context", Planted(said(-1, answer(7) * 9), tiny=True)),
    ("chat_markup", Planted(said(1, question(7) + "<|im_end|>"))),
    ("chat_markup", Planted(said(1, question(7) + "<|im_end|>"), tiny=True)),
    ("lone_surrogate", Planted(said(1, question(7) + "\ud83d"))),
    ("lone_surrogate", Planted(said(1, question(7) + "\ud83d"), tiny=True)),
    ("control_characters", Planted(said(1, question(7) + "\x1b[2J"))),
    ("broken_letters", Planted(said(1, question(7) + " CafÃ©"))),
    ("broken_letters", Planted(said(1, question(7) + " Caf\ufffd"))),
    ("credential", Planted(said(1, question(7) + " AKIAIOSFODNN7EXAMPLQ"))),
    ("private_data", Planted(said(1, question(7) + " Write to anna.berg@mail-host.org."))),
    ("shared_with_test", Planted(chats(), test=[*chats(20, start=900), chat(7)])),
    ("shared_with_test", Planted(chats(), test=[{"messages": chat(7)["messages"][:-1], "gold": None}])),
    ("near_test", Planted(chats(), test=[*chats(20, start=900), {"messages": [turn("user", question(7) + "!"), SAY]}])),
    ("shared_with_valid", Planted(chats(), valid=[*chats(12, start=900), chat(7)])),
    ("near_valid", Planted(chats(), valid=[*chats(12, start=900), {"messages": [turn("system", SYSTEM), turn("user", question(7) + "!"), SAY]}])),
    ("valid_share", Planted(chats(), valid=chats(3, start=900))),
    ("valid_share", Planted(chats(), valid=chats(90, start=900))),
    ("duplicate", Planted([*chats(), chat(7)])),
    ("near_duplicate", Planted([*chats(), {"messages": [turn("system", SYSTEM), turn("user", question(7) + "!"), SAY]}])),
    ("other_answer", Planted([*chats(), {"messages": [turn("system", SYSTEM), ASK, turn("assistant", answer(8))]}])),
    ("several_system_prompts", Planted([*chats(), chat(90, system="You rhyme.")])),
    ("system_in_some", Planted([*chats(), chat(90, system=None)])),
    ("very_short_turn", Planted([{"messages": [turn("user", question(i)), turn("assistant", f"{answer(i)} {answer(i + 300)}" if i else "No")]} for i in range(COUNT)])),
    ("over_long_turn", Planted(said(1, question(7) * 40))),
    ("answers_alike", Planted([{"messages": [turn("user", question(i)), turn("assistant", "ok")]} for i in range(COUNT)])),
    ("one_label_dominates", Planted(labels(dict.fromkeys(range(COUNT - 5), "refund")))),
    ("label_spellings", Planted(labels(dict.fromkeys(range(0, 18, 3), "Refund")))),
    ("rare_label", Planted(labels({4: "chargeback"}))),
    ("too_few_rows", Planted(chats(9), host="openai", base="gpt-4.1-mini")),
    ("too_few_rows", Planted(chats(9), tiny=True)),
    ("few_rows", Planted(chats(20))),
    ("base_not_tunable", Planted(chats(), host="openai", base="gpt-6-luna")),
    ("base_unknown", Planted(chats(), host="openai", base="llama-3-8b")),
    ("base_shuts_down", Planted(chats(), host="openai", base="gpt-4.1-2025-04-14", today=date(2026, 11, 30))),
    ("host_closes", Planted(chats(), host="openai", base="gpt-4.1", today=date(2026, 11, 30))),
    # As files of others are found: cut, glued, zipped, of another program or another host.
    ("bad_json", Planted([*chats(), LINE[:90]])),
    ("bad_json", Planted(raw(7, LINE + LINE + b"\n"))),
    ("bad_json", Planted(raw(7, b'{"messages": ' + b"[" * 100_000 + b"\n"))),
    ("bad_json", Planted(raw(7, LINE[:-1] + b', "n": ' + b"1" * 5000 + b"}\n"))),
    ("bad_json", Planted(raw(7, LINE[:-1] + b', "n": Infinity}\n'))),
    ("bad_json", Planted([*chats(), str(chat(90)).encode() + b"\n"])),
    ("bad_json", Planted(raw(7, LINE + b",\n"))),
    ("not_utf8", Planted([*chats(), json.dumps(chat(90), ensure_ascii=False).replace("note", "nöte").encode()[:-40] + b"\xc3"])),
    ("not_text", Planted(said(1, ["How", "much?"]))),
    ("not_text", Planted(said(1, {"text": question(7)}))),
    ("unknown_role", Planted(turns(turn("User", question(7)), SAY))),
    ("unknown_role", Planted(turns(ASK, turn("model", answer(7))))),
    ("bad_turn", Planted(turns({"role": None, "content": question(7)}, SAY))),
    ("no_messages", Planted(put(messages=json.dumps(chat(7)["messages"])))),
    ("no_content", Planted(said(-1, None, tool_calls=[]))),
    ("empty_answer", Planted(said(-1, "\u00a0"))),
    ("bad_weight", Planted(said(-1, answer(7), weight="1"))),
    ("unknown_layout", Planted([{"text": f"{question(i)} {answer(i)}"} for i in range(COUNT)])),
    ("unknown_layout", Planted([{"contents": [{"role": "user", "parts": [{"text": question(i)}]}]} for i in range(COUNT)])),
    ("unknown_key", Planted([{"system": SYSTEM, "messages": chat(i)["messages"][1:]} for i in range(COUNT)])),
    ("chat_markup", Planted(said(1, f"[INST] {question(7)} [/INST]"))),
    ("control_characters", Planted(said(1, question(7) + "\x00"))),
    ("control_characters", Planted(said(1, question(7) + "\u202e"))),
    ("credential", Planted(said(-1, "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----"))),
    ("private_data", Planted(said(1, question(7) + " My account is DE89 3704 0044 0532 0130 00."))),
    ("near_duplicate", Planted([*chats(), {"messages": [turn("system", SYSTEM), turn("user", question(7).upper()), SAY]}])),
]  # fmt: skip
