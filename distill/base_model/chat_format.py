"""How a base writes a conversation: its own chat template, asked what it does rather than known by name.

    prompt      what the model reads: the turns, and the opening of its own turn
    answer      what it has to write from there: the answer, the tokens that end the turn, and before it whatever the template
                writes between the opening and an answer (an empty thought, a channel)

Both are text that the base's server would make of the same turns. A template that has no system role gets the system text at the
head of the first user turn, as most such templates' own authors advise. Thinking is switched off where the template can; where it
opens a thought and cannot be told not to, the answer begins by closing it. A base that is to think writes its thought first
(`distill.base_model.thoughts`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.base_model.thoughts import OPENED, THINKS, ThoughtForm, form, without_thought
from distill.chat.conversation import THOUGHT
from distill.errors import UsageError
from distill.records import Json

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Turns = Sequence[Mapping[str, Json]]

_ANSWER = "0a1b2c"
"""Stands for an answer where a template is asked how it writes one: no template changes it."""
_PLAIN: Mapping[str, Json] = {"enable_thinking": False, "date_string": "26 Jul 2024"}
"""Said to every template, which takes what it knows: no thinking; a fixed day, so that the same row trains as the same tokens."""


class FormatError(UsageError):
    """A base whose chat template cannot be used for training."""


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """A tokeniser's chat template; `end` is the text that ends an answer, `stops` the ids of tokens that end one; `thoughts` says how the
    base thinks, where it is to.
    """

    tokenizer: PreTrainedTokenizerBase
    end: str
    stops: tuple[int, ...]
    system_role: bool
    thoughts: ThoughtForm | None = None

    def prompt(self, turns: Turns, tools: Sequence[Mapping[str, Json]] = ()) -> str:
        """What the model reads before it answers."""
        return _render(self.tokenizer, self._written(turns), tools, opened=True)

    def answer(self, turns: Turns, tools: Sequence[Mapping[str, Json]] = ()) -> str:
        """What the model has to write after the prompt of `turns[:-1]`, its last turn, the assistant's, included."""
        *before, last = self._written(turns)
        thought = str(last.get(THOUGHT) or "").strip() if self.thoughts else ""
        said = without_thought(last)
        prompt = _render(self.tokenizer, before, tools, opened=True)
        whole = _render(self.tokenizer, [*before, {**said, "content": _ANSWER, "tool_calls": None}], tools)
        lead = _lead(prompt, whole[: whole.rindex(_ANSWER)])
        if not last.get("tool_calls"):
            lead = self.thoughts.lead(thought, lead) if self.thoughts else lead
            return f"{lead}{last.get('content') or ''}{self.end}"
        own = {self.thoughts.field: thought} if self.thoughts and self.thoughts.field and thought else {}
        calls = self._calls(_render(self.tokenizer, [*before, {**said, **own}], tools), prompt)
        if self.thoughts is None or thought in calls:
            return calls
        return self.thoughts.lead(thought, lead) + calls.removeprefix(lead)

    def _calls(self, whole: str, prompt: str) -> str:
        """A turn that calls tools, as the template itself writes it."""
        rest = whole.removeprefix(prompt)
        if not whole.startswith(prompt) or self.end not in rest:
            raise FormatError(f"the chat template does not write calls of tools after its own prompt: …{whole[-80:]!r}")
        return rest[: rest.rindex(self.end) + len(self.end)]

    def _written(self, turns: Turns) -> list[Mapping[str, Json]]:
        if self.system_role or not turns or turns[0].get("role") not in ("system", "developer"):
            return list(turns)
        first, *rest = turns
        if not rest:
            return [{**first, "role": "user"}]
        return [{**rest[0], "content": f"{first.get('content') or ''}\n\n{rest[0].get('content') or ''}"}, *rest[1:]]


def _lead(prompt: str, head: str) -> str:
    """What stands between the prompt and the answer's first word."""
    if head.startswith(prompt):
        return head[len(prompt) :]
    if opened := OPENED.search(prompt):
        return f"</{opened[1]}>\n\n"
    raise FormatError(
        "the chat template writes an answer that does not begin where its prompt ends, so no row can be trained as it will be "
        f"asked; it opens with …{prompt[-60:]!r} and writes …{head[-60:]!r}. Give another template: student.template"
    )


@functools.cache
def chat_format(tokenizer: PreTrainedTokenizerBase) -> ChatFormat:
    """The format of a tokeniser's own template; FormatError where there is none, or where it does not write plain turns."""
    if not tokenizer.chat_template:
        raise FormatError("the base has no chat template; name a file that holds one (Jinja): student.template")
    system = _takes_system(tokenizer)
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": _ANSWER}]
    whole = _render(tokenizer, turns, ())
    if _ANSWER not in whole:
        raise FormatError(
            "the chat template writes no answer of an assistant's turn whose content is text; give another: student.template"
        )
    end = _end(whole[whole.rindex(_ANSWER) + len(_ANSWER) :], tokenizer)
    return ChatFormat(tokenizer, end, _stops(tokenizer, end), system, _thoughts(tokenizer))


def _thoughts(tokenizer: PreTrainedTokenizerBase) -> ThoughtForm | None:
    """How a base thinks whose template says that it is to; FormatError where it has no way to."""
    own = str(tokenizer.chat_template)
    if not own.startswith(THINKS):
        return None
    found = form(lambda turns, opened: _render(tokenizer, turns, (), opened=opened), own.removeprefix(THINKS))
    if found is None:
        raise FormatError(
            "the base's chat template has no place for thinking (no reasoning_content, no <think>), so the teacher's cannot train; say "
            "teacher.reasoning: drop, or give a template that has one: student.template"
        )
    return found


def _takes_system(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether a system turn can be written, and is: some templates refuse one, and some leave it out."""
    user = {"role": "user", "content": "a"}
    try:
        return _ANSWER in _render(tokenizer, [{"role": "system", "content": _ANSWER}, user], (), opened=True)
    except FormatError:
        _render(tokenizer, [user], (), opened=True)  # raises where the system turn is not what is wrong
        return False


def _end(rest: str, tokenizer: PreTrainedTokenizerBase) -> str:
    """The special tokens that follow an answer at once; the tokeniser's own end where the template writes none."""
    specials = sorted((str(token.content) for token in tokenizer.added_tokens_decoder.values()), key=len, reverse=True)
    run = re.match("(?:" + "|".join(map(re.escape, specials)) + ")+", rest) if specials else None
    if run is not None:
        return run[0]
    if not tokenizer.eos_token:
        raise FormatError(
            "neither the chat template nor the tokeniser says what ends an answer; set the tokeniser's eos_token"
        )
    return str(tokenizer.eos_token)


def _stops(tokenizer: PreTrainedTokenizerBase, end: str) -> tuple[int, ...]:
    """The last token of `end`, and the tokeniser's own end."""
    ids = tokenizer(end, add_special_tokens=False)["input_ids"]
    return tuple(dict.fromkeys([ids[-1], *([tokenizer.eos_token_id] if tokenizer.eos_token_id is not None else [])]))


def _render(
    tokenizer: PreTrainedTokenizerBase, turns: Turns, tools: Sequence[Mapping[str, Json]], *, opened: bool = False
) -> str:
    """The turns by the template; it runs in a sandbox of transformers and reads nothing but them."""
    from jinja2 import TemplateError

    try:
        text: str = tokenizer.apply_chat_template(
            list(turns), tools=list(tools) or None, tokenize=False, add_generation_prompt=opened, **_PLAIN
        )
    except (TemplateError, TypeError, ValueError) as fault:
        raise FormatError(f"the chat template refuses the turns: {str(fault)[:200]}") from None
    return text
