"""Thinking goes apart from the answer in every spelling; a text that speaks of such tags stays whole."""

from __future__ import annotations

import json

import pytest

from distill.records import Ended, Request, ToolCall
from distill.teacher import reply
from distill.teacher.reply import thinking

ASKED = Request("x", {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8})
TAGS = ["think", "thinking", "THINK", "Thinking", "reasoning", "thought", "seed:think", "longcat_think", "mm:think"]
OTHERS = [
    ("[THINK]", "[/THINK]"), ("◁think▷", "◁/think▷"), ("<|START_THINKING|>", "<|END_THINKING|>"), ("<unused94>thought\n", "<unused95>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"), ("<|start_of_thinking|>", "<|end_of_thinking|>"), ("<|channel>thought\n", "<channel|>"),
    ('<think type="deep">', "</think>"), ("<think >", "</think >"), ("<thinking>", "</think>"), ("<|inner_prefix|>", "<|inner_suffix|>"),
    ("<think_never_used_51bce0c785ca2f68081bfa7d91973934>", "</think_never_used_51bce0c785ca2f68081bfa7d91973934>"),
]  # fmt: skip


@pytest.mark.parametrize(("opening", "closing"), [*((f"<{tag}>", f"</{tag}>") for tag in TAGS), *OTHERS])
@pytest.mark.parametrize("answer", ['{"mood": "cross"}', "Thank you.\n\nWe will look at it."])
def test_a_block_at_the_start_is_thinking(opening: str, closing: str, answer: str) -> None:
    """Whatever the tag is called, whether blanks stand before it, and however its end is followed."""
    for before, after in (("", "\n\n"), ("\n ", ""), ("", "\n")):
        parts = thinking.apart(f'{before}{opening}\nA draft: {{"mood": "glad"}} but no.\n{closing}{after}{answer}')
        assert parts == ('A draft: {"mood": "glad"} but no.', answer, ())


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [("<think>one</think>\n<think>two</think>\nYes.", "one\ntwo", "Yes."), ("<think></think>\n\nYes.", "", "Yes."), ("<think/>Yes.", "", "Yes."),
     ("<think>\nnever closed, cut", "never closed, cut", ""), ("  [THINK]cut", "cut", ""),
     ("Okay, the user is cross.\n</think>\n\nYes.", "Okay, the user is cross.", "Yes."), ("Okay.</think>Yes.", "Okay.", "Yes."),
     ("Okay, so </think>{\"a\": 1}", "Okay, so", '{"a": 1}'), ("hm[/THINK]Yes.", "hm", "Yes."), ("hm\n◁/think▷Yes.", "hm", "Yes."),
     ("</think>\n\nYes.", "", "Yes."), ("cut at the end</think>", "cut at the end", ""),
     ('<think>I end it with "</think>" then.</think>Yes.', 'I end it with "</think>" then.', "Yes."),
     ("<think>hm</think>\n<answer>\nYes.\n</answer>", "hm", "Yes."), ("<|begin_of_thought|>a<|end_of_thought|><|begin_of_solution|>b<|end_of_solution|>", "a", "b"),
     ("<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>b<|END_RESPONSE|>", "a", "b"),
     ("Here is my thought process: hm\nHere is my response: Yes.", "hm", "Yes."), ("<|im_start|>assistant\n<think>hm</think>Yes.", "hm", "Yes."),
     ("<think>hm</think><response>Yes.</response>", "hm", "Yes."), ("<thinking>hm</thinking>\n<output>\nYes.\n</output>", "hm", "Yes."),
     ("<think>hm</think><|begin_of_box|>Yes.<|end_of_box|>", "hm", "Yes."), ("<|begin_of_box|>Yes.<|end_of_box|>", "", "Yes."),
     ("they say 'no'.</think>Yes, it's fine.", "they say 'no'.", "Yes, it's fine."), ("I don't know</think>It's fine.", "I don't know", "It's fine."),
     ("<think> is it late? no </think> glad", "is it late? no", "glad"),
     ("\ufeff<think>hm</think>Yes.", "hm", "Yes."), ('<details type="reasoning" done="true">\n> hm\n</details>\nYes.', "> hm", "Yes.")],
)  # fmt: skip
def test_blocks_in_odd_places(text: str, reasoning: str, answer: str) -> None:
    """Several, empty, never closed, never opened, quoting their own end; and what frames the answer behind them goes."""
    assert thinking.apart(text) == (reasoning, answer, ())


@pytest.mark.parametrize(
    "text",
    ["The tag <think> opens a block and </think> closes it.", "Use `</think>` to close it.", 'Write "</think>" at the end.', "The tag </think> closes it.",
     '{"html": "<think>a</think> b"}', '{"html": "a</think>\\n\\nb"}', "```html\n<div>\n</think>\n```\nThat was it.", "Put </think>, and go on.",
     "It ends by </think>.",
     "<p>One</p>\n</think>\n<p>Two</p>", "First <think>a</think> then b.", "<thinker>a</thinker>", "<b>bold</b> text", "plain", "", "  spaced  ",
     "[THINKING] is a word", "Here is my thought process: first we look, then we act.", "We think </thinks> is no tag", "analysis of the text: final words",
     "Example:\n```\n<think>\nx\n</think>\nanswer\n```\n", "['</think>']", "sed 's#</think>##' file",
     "<think> is the tag that opens it and </think> closes it.", "<output>Yes.</output>",
     "The token <|end_of_box|> ends a box.", "<s>old</s>", "a <s>struck</s>"],
)  # fmt: skip
def test_a_text_that_speaks_of_tags_stays_whole(text: str) -> None:
    """In the middle, in quotes, in code, in JSON, in markup, or as a word of a sentence."""
    assert thinking.apart(text) == ("", text, ())


HARMONY = "<|channel|>analysis<|message|>We look.<|end|><|start|>assistant<|channel|>final<|message|>Yes.<|return|>"


@pytest.mark.parametrize(
    ("text", "parts"),
    [(HARMONY, ("We look.", "Yes.", ())), ("<|start|>assistant" + HARMONY, ("We look.", "Yes.", ())), ("<|channel|>final<|message|>Yes.", ("", "Yes.", ())),
     ("<|channel|>analysis<|message|>We look and", ("We look and", "", ())), ("analysisWe look.assistantfinalYes.", ("We look.", "Yes.", ())),
     ('<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary to=functions.look <|constrain|>json<|message|>{"id": 1}<|call|>',
      ("hm", "", (("look", '{"id": 1}'),))),
     ('<|start|>assistant to=functions.look<|channel|>commentary json<|message|>{"id": 1}<|call|>', ("", "", (("look", '{"id": 1}'),)))],
)  # fmt: skip
def test_channels_are_taken_apart(text: str, parts: object) -> None:
    """The final channel is the answer, a commentary to a function its call, the rest thinking."""
    assert thinking.apart(text) == parts


@pytest.mark.parametrize(
    "token",
    [
        "<|im_end|>",
        "</s>",
        "<|eot_id|>",
        "<end_of_turn>",
        "<|endoftext|>",
        "<|return|>",
        "<|im_end|>\n<|endoftext|>",
        "<eos>\n",
    ],
)
def test_an_end_of_turn_that_leaked_is_removed(token: str) -> None:
    """At the very end only, behind thinking too."""
    assert thinking.apart(f"Yes.{token}").text == "Yes."
    assert thinking.apart(f"<think>a</think>Yes.{token}") == ("a", "Yes.", ())
    assert thinking.apart(f"It writes {token} here.").text == f"It writes {token} here."


def completion(content: object, finish: str = "stop", **message: object) -> bytes:
    choice = {"message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return json.dumps({"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 9}}).encode()


@pytest.mark.parametrize(
    "fields",
    [{"reasoning_content": "hm"}, {"reasoning": "hm"}, {"reasoning": {"text": "hm"}}, {"thinking": "hm"}, {"reasoning_details": [{"type": "reasoning.text",
    "text": "hm"}]},
     {"reasoning_details": [{"type": "reasoning.summary", "summary": "hm"}]}, {"thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "s"}]},
     {"reasoning_content": "hm", "thinking_blocks": [{"type": "thinking", "thinking": "hm"}]}, {"reasoning": "", "reasoning_content": "hm"}],
)  # fmt: skip
def test_thinking_in_a_field_of_its_own(fields: dict[str, object]) -> None:
    """Each is read once, also where a server repeats it in a second field or in the text."""
    for content in ("Yes.", "<think>hm</think>\n\nYes."):
        answer = reply.read_body(completion(content, **fields), ASKED, price=None)
        assert (answer.ended, answer.text, answer.reasoning) == (Ended.OK, "Yes.", "hm")


def test_encrypted_thinking_is_named_and_is_no_text() -> None:
    hidden = [{"type": "reasoning.encrypted", "data": "gAAAA"}]
    answer = reply.read_body(completion("Yes.", reasoning_details=hidden), ASKED, price=None)
    assert (answer.text, answer.reasoning) == ("Yes.", "[reasoning.encrypted]")


def test_a_tag_that_the_prompt_asks_for_is_a_part_of_the_answer() -> None:
    """`<reasoning>` is also a word of many prompts' own forms; `<think>` never is."""
    text = "<reasoning>a</reasoning><verdict>b</verdict>"
    asked = Request("x", {"messages": [{"role": "user", "content": "Answer as <reasoning>…</reasoning><verdict>"}]})
    assert reply.read_body(completion(text), asked, price=None).text == text
    assert reply.read_body(completion(text), ASKED, price=None).text == "<verdict>b</verdict>"


def test_a_call_in_a_channel_is_a_call() -> None:
    text = '<|channel|>commentary to=functions.look <|constrain|>json<|message|>{"id": 1}<|call|>'
    answer = reply.read_body(completion(text), ASKED, price=None)
    assert (answer.text, answer.tool_calls, answer.finish_reason) == (
        "",
        (ToolCall("look", '{"id": 1}'),),
        "tool_calls",
    )


def test_calls_that_are_written_as_text_stay_text() -> None:
    text = '<tool_call>\n{"name": "look", "arguments": {}}\n</tool_call>'
    answer = reply.read_body(completion(text), ASKED, price=None)
    assert (answer.text, answer.tool_calls) == (text, ())
