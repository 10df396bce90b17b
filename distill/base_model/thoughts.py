"""Where a base writes what it thinks before an answer: asked of its chat template, as all else is (`chat_format`).

    field        {"role": "assistant", "reasoning_content": "…", "content": "…"}: most templates that know thinking, under one of three names
    tag          <think>\\n…\\n</think>\\n\\n before the answer: templates that open a thought, or speak of one, and read no such field

A base that is to think has a template that says so itself (`THINKS` and then its own), so that whoever renders it later, a server that
is shipped to as well, is told the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from distill.atomic_write import write_atomic
from distill.chat.conversation import THOUGHT
from distill.records import Json, content_id

if TYPE_CHECKING:
    from distill.base_model.local import LocalWeights

Render = Callable[[Sequence[Mapping[str, Json]], bool], str]
"""Turns by a template, with the opening of an answer or without."""

THINKS = "{%- set enable_thinking = true -%}"
"""What a template begins with whose base is to think, whatever its caller says."""
FIELDS = (THOUGHT, "thinking", "reasoning")
"""What templates call the thought of an assistant's turn."""
OPENED = re.compile(r"<(think|thinking|reasoning)>\s*$")
"""The end of a prompt that opens a thought."""
_TAG = re.compile(r"</?(think|thinking|reasoning)>")
_THOUGHT, _ANSWER = "0d3e4f", "0a1b2c"
"""Stand for a thought and for an answer: no template changes them."""


@dataclass(frozen=True, slots=True)
class ThoughtForm:
    """What stands before and behind a thought, between the prompt and the answer; `field` is empty where the template reads none."""

    field: str
    before: str
    after: str

    def lead(self, thought: str, plain: str) -> str:
        """What is written before the answer; `plain` is what the template itself writes there without a thought."""
        return f"{self.before}{thought}{self.after}" if thought or not (self.field or plain) else plain


def form(render: Render, template: str) -> ThoughtForm | None:
    """How a template writes a thought; None where it has no place for one."""
    user: Mapping[str, Json] = {"role": "user", "content": "a"}
    prompt = render([user], True)
    for field in FIELDS:
        whole = render([user, {"role": "assistant", "content": _ANSWER, field: _THOUGHT}], False)
        said = whole.removeprefix(prompt)
        if whole.startswith(prompt) and 0 <= said.find(_THOUGHT) < said.rfind(_ANSWER):
            before, _, rest = said.partition(_THOUGHT)
            return ThoughtForm(field, before, rest[: rest.rindex(_ANSWER)])
    if opened := OPENED.search(prompt):
        return ThoughtForm("", "", f"\n</{opened[1]}>\n\n")
    if named := _TAG.search(template):
        return ThoughtForm("", f"<{named[1]}>\n", f"\n</{named[1]}>\n\n")
    return None


def without_thought(turn: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in turn.items() if name not in FIELDS}


def template_of(weights: LocalWeights) -> Path:
    """The file of a base's template that thinks, in its cache; FormatError where the template has no place for a thought."""
    from distill.base_model import load

    tokenizer = load.tokeniser(weights.folder(weights=False), weights.file)
    text = THINKS + str(tokenizer.chat_template)
    path = weights.cache / "templates" / f"{content_id(text)}.jinja"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text.encode())
    return path
