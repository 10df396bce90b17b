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

from distill.atomic_write import write_atomic
from distill.chat.conversation import THOUGHT
from distill.errors import UsageError
from distill.records import Json, content_id

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


def template_of(folder: Path, file: Path | None, cache: Path) -> Path:
    """The file of a template that thinks, in `cache`: made of `file`, or of the base's own where that is None."""
    own = file.read_text(encoding="utf-8") if file is not None else _own(folder)
    path = cache / "templates" / f"{content_id(THINKS + own)}.jinja"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, (THINKS + own).encode())
    return path


def _own(folder: Path) -> str:
    from transformers import AutoTokenizer

    try:
        found = AutoTokenizer.from_pretrained(folder, trust_remote_code=False).chat_template
    except (OSError, ValueError, KeyError) as fault:
        raise UsageError(f"{folder}: its tokeniser cannot be loaded ({str(fault)[:200]})") from None
    if not found:
        raise UsageError("the base has no chat template; name a file that holds one (Jinja): student.template")
    return str(found)
