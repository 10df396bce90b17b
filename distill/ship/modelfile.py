"""Ollama's Modelfile of a GGUF file: the base's chat template in Ollama's own language, its stop tokens, and the task's system text.

Ollama's templates are Go's. Only what a chat of plain turns needs is written: the texts between a system text, a question and an
answer, cut out of what the base's own template renders.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.base_model.chat_format import ChatFormat

if TYPE_CHECKING:
    from distill.ship.student import TunedStudent

_SYSTEM, _PROMPT = "0sys0", "0ask0"
_SLOT = re.compile(r"\{\{")


@dataclass(frozen=True, slots=True)
class Pieces:
    """What a template writes around a system text, a question and an answer."""

    before_system: str
    after_system: str
    before_prompt: str
    after_prompt: str
    """It opens the answer too."""
    without_system: str
    """In place of the system text and what is around it, where there is none."""


def pieces_of(format_: ChatFormat, bos: str) -> Pieces:
    """The pieces of a base's template; the token that begins a text is left out, for llama.cpp writes it."""
    turns = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": _PROMPT}]
    text = format_.prompt(turns).removeprefix(bos)
    alone = format_.prompt(turns[1:]).removeprefix(bos)
    before, _, rest = text.partition(_SYSTEM)
    between, _, after = rest.partition(_PROMPT)
    plain, _, _ = alone.partition(_PROMPT)
    # What stands before the question without a system text stands there with one too, as far as the two agree.
    shared = next((plain[start:] for start in range(len(plain) + 1) if between.endswith(plain[start:])), "")
    return Pieces(before, between.removesuffix(shared), shared, after, plain.removesuffix(shared))


def _begins_with(format_: ChatFormat) -> str:
    """The token that the tokeniser puts before every text by itself, which llama.cpp does too; empty where it puts none."""
    tokenizer = format_.tokenizer
    ids = tokenizer("a")["input_ids"]
    return str(tokenizer.bos_token) if tokenizer.bos_token and ids[:1] == [tokenizer.bos_token_id] else ""


def modelfile(student: TunedStudent, format_: ChatFormat, gguf: str) -> str:
    """The Modelfile beside a GGUF file of the name `gguf`."""
    pieces = pieces_of(format_, _begins_with(format_))
    template = (
        f"{{{{ if .System }}}}{pieces.before_system}{{{{ .System }}}}{pieces.after_system}{{{{ else }}}}{pieces.without_system}{{{{ end }}}}"
        f"{pieces.before_prompt}{{{{ .Prompt }}}}{pieces.after_prompt}{{{{ .Response }}}}{format_.end}"
    )
    system = next((text for role, text in student.prompt if role == "system" and not _SLOT.search(text)), "")
    stops = dict.fromkeys(
        [format_.end, *(str(format_.tokenizer.convert_ids_to_tokens(stop)) for stop in format_.stops)]
    )
    lines = [
        f"FROM ./{gguf}",
        f'TEMPLATE """{template}"""',
        *([f'SYSTEM """{system.strip()}"""'] if system else []),
        *(f'PARAMETER stop "{stop}"' for stop in stops),
        "PARAMETER temperature 0",
    ]
    return "\n".join(lines) + "\n"
