"""Whether two names are of one model: a name that differs only in its provider's prefix, a date or snapshot behind it, a tag,
its case, a path or a file's ending is the same model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_FILE = re.compile(r"\.(?:gguf|safetensors|bin|ggml)$")
_QUANTISED = re.compile(r"[-.](?:i?q\d[\w-]*|fp?\d{1,2}|bf16|int\d|awq|gptq|mlx|gguf|\dbit)$")
_SNAPSHOT = re.compile(r"[-@](?:\d{4}-\d{2}-\d{2}|\d{8}(?:-v\d+)?|\d{6}|\d{4}|\d{2}-\d{2}|\d{3}|latest|preview|exp)$")
_VENDOR = re.compile(
    r"^(?:(?:us|eu|apac|jp|au|global)\.)?(?:anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai|qwen|google|nvidia|moonshot|minimax|zai)\."
)
"""As Bedrock writes them before a name."""


def same(asked: str, named: str) -> bool:
    """Whether two names are of one model; a server that names none says nothing."""
    if not named or asked == named:
        return True
    tags = [_tagged(re.split(r"[/\\]", name.strip().lower())[-1])[1] for name in (asked, named)]
    if all(tags) and not (tags[0].startswith(tags[1]) or tags[1].startswith(tags[0])):
        return False
    return bool(_forms(asked) & _forms(named))


def _forms(name: str) -> set[str]:
    """Every shorter spelling of a name without its tag: no path, provider, file's ending, quantisation or snapshot."""
    plain = re.sub(r"[\s_]+", "-", name.strip().lower().replace("\\", "/").rstrip("/"))
    head, tag = _tagged(plain.rpartition("/")[2])
    forms = {head, *_shorter(head)}
    return (
        forms | {f"{head}-{tag}", *_shorter(f"{head}-{tag}")} if tag else forms
    )  # Ollama's "llama3:8b" is "llama3-8b"


def _tagged(bare: str) -> tuple[str, str]:
    """A name and the tag behind it; a tuned model's name ("ft:base:org::id") is one whole."""
    if bare.startswith("ft:"):
        return bare, ""
    head, _, tag = bare.partition(":")
    return head, "" if tag == "latest" or tag.isdigit() else tag


def _shorter(form: str) -> Iterable[str]:
    form = _VENDOR.sub("", form)
    yield form
    for _ in range(6):
        cut = next((cut for one in (_FILE, _SNAPSHOT, _QUANTISED) if (cut := one.sub("", form)) != form), None)
        if not cut:
            return
        form = cut
        yield form
