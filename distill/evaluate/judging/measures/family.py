"""Which models are of one family: judges prefer answers that read like their own (Panickssery et al. 2024)."""

from __future__ import annotations

import re
from collections.abc import Iterable

_FAMILIES = {
    "gpt": ("gpt", "chatgpt", "o1", "o3", "o4", "davinci"),
    "claude": ("claude",),
    "gemini": ("gemini",),
    "gemma": ("gemma",),
    "qwen": ("qwen", "qwq", "qvq"),
    "llama": ("llama", "codellama"),
    "mistral": ("mistral", "mixtral", "ministral", "magistral", "codestral", "devstral"),
    "deepseek": ("deepseek",),
    "phi": ("phi",),
    "smollm": ("smollm",),
    "grok": ("grok",),
    "command": ("command",),
    "glm": ("glm", "chatglm"),
    "kimi": ("kimi", "moonshot"),
    "granite": ("granite",),
    "nova": ("nova",),
    "falcon": ("falcon",),
    "olmo": ("olmo",),
}
"""Family → how the last part of a model's name begins."""

_VENDOR = re.compile(r"^(?:(?:us|eu|apac|meta|anthropic|openai|amazon|google)[.-])+")
"""What a host may put before a name: us.anthropic.claude-…, meta-llama-…"""


def family(model: str) -> str:
    """`openai/gpt-4.1-mini` → "gpt", `ft:gpt-4o:acme::1` → "gpt"; empty where no family is known."""
    name = model.strip().lower().removeprefix("ft:").split(":")[0].rsplit("/", 1)[-1]
    name = _VENDOR.sub("", name)
    for known, prefixes in _FAMILIES.items():
        for prefix in prefixes:
            if re.match(rf"{prefix}(?![a-z])", name):
                return known
    return ""


def family_warnings(judges: Iterable[str], teachers: Iterable[str], bases: Iterable[str]) -> list[str]:
    """One warning for each judge that would score answers of its own model, or of its own family."""
    others = [
        *((name, "teacher") for name in dict.fromkeys(teachers)),
        *((name, "student") for name in dict.fromkeys(bases)),
    ]
    found = []
    for judge in dict.fromkeys(judges):
        for model, role in others:
            one = family(judge)
            if judge == model:
                found.append(f"Judge and {role} are one model, {judge}: {_PREFERS}")
            elif one and one == family(model):
                found.append(f"Judge {judge} and {role} {model} are of one family ({one}): {_PREFERS}")
    return found


_PREFERS = (
    "models score answers like their own too high. Name a judge of another family under evaluate.judge.models, and answers "
    "labelled by people under evaluate.judge.gold."
)
