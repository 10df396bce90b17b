"""Every fault that a preflight can name: how grave it is as a rule, and what it means with the next move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple


class Kind(NamedTuple):
    """A kind of fault: its grade as a rule, and a sentence for a person."""

    grade: Literal["stop", "warning", "note"]
    says: str


_FILE = {
    "not_utf8": Kind("stop", "the file is no UTF-8; save it as UTF-8"),
    "not_json_lines": Kind("stop", "the file is one JSON document, expected JSON Lines: an object on each line"),
    "no_rows": Kind("stop", "the file holds no row"),
    "bad_json": Kind("stop", "lines are no JSON that every reader takes"),
    "not_an_object": Kind("stop", "lines hold JSON that is no object"),
    "unknown_layout": Kind("stop", 'rows are no chats, no prompt and completion, no preferences; make chats of them: {"messages": [{"role": "user", "content": …}, …]}'),
    "mixed_layouts": Kind("stop", "the file mixes layouts; trainers and hosts read one layout a file"),
    "two_layouts_in_a_row": Kind("warning", "rows have the keys of two layouts; some hosts refuse them"),
    "byte_order_mark": Kind("warning", "the file begins with a byte order mark, which some readers take for a fault of line 1; save without"),
    "blank_lines": Kind("warning", "lines are blank; some hosts refuse the file for them"),
    "line_separator": Kind("note", "lines hold U+2028, U+2029 or U+0085 unescaped; some readers break a line there"),
    "crlf": Kind("note", "lines end in CRLF; most readers take it, expected LF"),
}  # fmt: skip
_TURNS = {
    "no_messages": Kind("stop", "rows have no turns; expected a list of objects with role and content"),
    "bad_turn": Kind("stop", "a turn is no object with a role"),
    "unknown_role": Kind("stop", "a role is unknown; expected system, developer, user, assistant or tool"),
    "no_content": Kind("stop", "a turn has neither content nor tool_calls"),
    "not_text": Kind("stop", "a content is no text; only text can be trained here"),
    "last_turn": Kind("stop", "the last turn is not the assistant's, so the row has no answer to learn"),
    "empty_answer": Kind("stop", "the answer is empty or blank"),
    "nothing_trains": Kind("stop", "every assistant's turn has weight 0, so the row teaches nothing"),
    "bad_weight": Kind("stop", "a weight is neither 0 nor 1"),
    "bad_tools": Kind("stop", "`tools` is no list of functions, each with a name and parameters"),
    "bad_tool_call": Kind("stop", "a tool call lacks its id, its function's name or its arguments"),
    "bad_arguments": Kind("stop", "the arguments of a tool call are no JSON object"),
    "calls_of_another": Kind("stop", "a turn that is not the assistant's calls tools"),
    "result_without_call": Kind("stop", "a tool's turn answers no call that stands before it (tool_call_id)"),
    "call_without_result": Kind("stop", "a tool is called, and the conversation goes on without its result"),
    "bad_side": Kind("stop", "a side of a preference is no answer of the assistant"),
    "sides_equal": Kind("stop", "the preferred and the other answer are the same"),
    "empty_turn": Kind("warning", "a turn before the answer is empty or blank"),
    "first_turn": Kind("warning", "the conversation does not begin with system or user; many chat templates refuse it"),
    "no_user_turn": Kind("warning", "the conversation has no user turn"),
    "system_later": Kind("warning", "a system turn stands behind other turns; many chat templates refuse it"),
    "same_role_twice": Kind("warning", "two turns of one role follow each other; many chat templates refuse it"),
    "weight_elsewhere": Kind("warning", "a turn that is not the assistant's has a weight; hosts refuse it"),
    "unknown_key": Kind("warning", "rows have keys that no host knows; some refuse them: take them out"),
    "unknown_turn_key": Kind("warning", "turns have keys that no host knows; some refuse them, others leave them out in silence"),
    "arguments_no_text": Kind("warning", "the arguments of a tool call are an object; hosts expect JSON as text"),
    "tools_missing": Kind("warning", "tools are called, and the row has no `tools`: the student would not be told of them"),
    "tool_not_listed": Kind("warning", "a tool is called that the row's `tools` do not list"),
    "old_functions": Kind("warning", "functions in the old form (function_call); use tool_calls"),
    "edge_space": Kind("note", "answers begin or end with white space, which the student learns too"),
}  # fmt: skip
_TEXTS = {
    "over_context": Kind("stop", "rows are longer than what trains; they would be cut, their answer first: shorten or drop them"),
    "template_refuses": Kind("stop", "the base's chat template refuses the turns"),
    "chat_markup": Kind("stop", "a text holds a token of the chat template, which would train as a turn of its own"),
    "lone_surrogate": Kind("stop", "a text holds half a character (a lone surrogate), which cannot be stored or sent"),
    "credential": Kind("stop", "a text holds what looks like a key or a password; the student would learn it (distill's gate `secrets` drops such rows)"),
    "control_characters": Kind("warning", "a text holds control characters"),
    "broken_letters": Kind("warning", "letters are broken (Ã©, â€™ or U+FFFD): the text was read in the wrong encoding once"),
    "private_data": Kind("note", "a text holds an address or number that names a person (distill's gate `pii` masks or drops them)"),
}  # fmt: skip
_TOGETHER = {
    "shared_with_test": Kind("stop", "questions of the test file stand in the training rows, so its score would mean nothing"),
    "near_test": Kind("warning", "questions of the test file are near-duplicates of training rows"),
    "shared_with_valid": Kind("warning", "questions of the validation file stand in the training rows, so its loss tells nothing"),
    "near_valid": Kind("note", "questions of the validation file are near-duplicates of training rows"),
    "valid_share": Kind("warning", "the share of validation rows is unusual; 5 to 20 % is usual, and at least 10 rows"),
    "duplicate": Kind("warning", "rows stand there more than once"),
    "near_duplicate": Kind("warning", "rows are near-duplicates of an earlier one"),
    "other_answer": Kind("warning", "the same question has another answer further up"),
    "several_system_prompts": Kind("warning", "there are several system prompts; one is expected, the one that will be asked with"),
    "system_in_some": Kind("warning", "some rows have a system prompt and others none"),
    "very_short_turn": Kind("note", "turns are very short beside the others of their role"),
    "over_long_turn": Kind("warning", "turns are very long beside the others of their role"),
    "answers_alike": Kind("warning", "all answers are the same: the student would learn to say it whatever is asked"),
    "one_label_dominates": Kind("warning", "one value makes up nearly all answers"),
    "label_spellings": Kind("warning", "a value is spelt in several ways"),
    "rare_label": Kind("note", "values have fewer than five rows, too few to be learnt"),
    "chosen_longer": Kind("note", "preferred answers are much longer than the others: length may be all that is learnt"),
}  # fmt: skip
_WHERE = {
    "too_few_rows": Kind("stop", "there are fewer rows than what trains takes"),
    "too_many_rows": Kind("stop", "there are more rows than the host takes"),
    "too_large": Kind("stop", "the file is larger than the host takes"),
    "base_not_tunable": Kind("stop", "the base cannot be tuned there"),
    "base_shuts_down": Kind("warning", "the base shuts down, and what is tuned on it too"),
    "host_closes": Kind("warning", "the host closes its fine-tuning"),
    "base_unknown": Kind("warning", "the base is not among those that are known to be tunable there"),
    "memory_short": Kind("warning", "training takes more memory than there is, by an estimate"),
    "few_rows": Kind("note", "fewer than 50 rows teach a form more than a task"),
}

KINDS: Mapping[str, Kind] = {**_FILE, **_TURNS, **_TEXTS, **_TOGETHER, **_WHERE}
"""In the order in which they are shown."""
