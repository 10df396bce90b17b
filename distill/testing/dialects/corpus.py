"""The corpus of bodies: read from its files, checked line by line, with the words of each line's own reading put in."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files

from distill.records import Ended, Json
from distill.testing.dialects import template

SERVERS = (
    "vllm", "llamacpp", "ollama", "lmstudio", "openrouter", "azure", "mistral", "together", "groq", "deepseek", "gemini",
    "anthropic", "litellm", "openai",
)  # fmt: skip
KINDS = ("reasoning", "parts", "calls", "errors", "money", "endings", "usage", "streams", "hostile", "others")
_KEYS = {"name", "server", "api", "status", "headers", "body", "reading"}
_READ: dict[str, type | tuple[type, ...]] = {
    "ended": str, "text": str, "reasoning": str, "refusal": str, "finish_reason": str, "model": str, "tool_calls": list,
    "usage": dict, "retry_after_s": (int, float),
}  # fmt: skip
_USAGE = {"prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "measured"}


@dataclass(frozen=True, slots=True)
class Body:
    """One reply of an endpoint. `reading` has only what matters of it, in the words of `records.Answer`."""

    name: str
    file: str
    server: str
    api: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    reading: Mapping[str, Json]
    recipe: Json = field(repr=False)
    """The body before its words were put in, and the headers with it."""
    head: Mapping[str, str] = field(repr=False)
    words: frozenset[str]
    """What can be put into it anew: a text, a call, the model, the counts, the seconds to wait."""

    @property
    def ended(self) -> Ended:
        return Ended(self.reading["ended"])

    @property
    def carries(self) -> str:
        """`answer` where any text can come in this dress, `tool` where any call can, else nothing."""
        return next((word for word in ("answer", "tool") if word in self.words), "")

    def with_words(self, words: template.TemplateWords) -> tuple[dict[str, str], bytes]:
        words = _words(self.reading) | dict(words)
        return template.headed(self.head, words), template.expanded(self.recipe, words)


def names() -> tuple[str, ...]:
    """Every file of the corpus: the servers and the kinds."""
    return SERVERS + KINDS


@functools.cache
def load(name: str) -> tuple[Body, ...]:
    """The bodies of one file; ValueError with the line where one is not as it should be."""
    if name not in names():
        raise ValueError(f"no bodies {name!r}; there are {', '.join(names())}")
    text = (files("distill.testing.dialects") / f"{name}.jsonl").read_text("utf-8")
    found = []
    for number, line in enumerate(text.rstrip("\n").split("\n"), 1):
        try:
            found.append(_body(json.loads(line), name))
        except (ValueError, KeyError, TypeError) as fault:
            raise ValueError(f"{name}.jsonl:{number}: {fault}") from None
    return tuple(found)


def _body(line: dict[str, Json], file: str) -> Body:
    """A line as a Body; ValueError, KeyError or TypeError where it is none."""
    if set(line) != _KEYS:
        raise ValueError(f"keys {sorted(set(line) ^ _KEYS)} are unknown or missing")
    if line["api"] not in ("chat", "responses") or not isinstance(line["status"], int):
        raise ValueError(f"api {line['api']!r} or status {line['status']!r} is none")
    reading = _reading(line["reading"])
    words = _words(reading)
    return Body(
        line["name"], file, line["server"], line["api"], line["status"], template.headed(line["headers"], words),
        template.expanded(line["body"], words), reading, line["body"], line["headers"],
        template.words_in(line["body"]) | template.words_in(line["headers"]),
    )  # fmt: skip


def _reading(found: dict[str, Json]) -> dict[str, Json]:
    """The reading, its long texts written out; ValueError for a word that no reading has."""
    Ended(found["ended"])
    if unknown := set(found) - set(_READ) | set(found.get("usage", {})) - _USAGE:
        raise ValueError(f"a reading has no {sorted(unknown)[0]!r}")
    read = {key: _text(value) if _READ[key] is str else value for key, value in found.items()}
    if wrong := [key for key, value in read.items() if not isinstance(value, _READ[key])]:
        raise ValueError(f"{wrong[0]}: {read[wrong[0]]!r} is not of its kind")
    return read


def _text(value: Json) -> Json:
    """A text that is written as a recipe, as itself."""
    return value if isinstance(value, str) else template.expanded(value, {}).decode()


def _words(reading: Mapping[str, Json]) -> dict[str, str | int | float]:
    usage, calls = reading.get("usage", {}), reading.get("tool_calls") or [["", ""]]
    counts = {name: usage.get(name, 0) for name in ("prompt_tokens", "completion_tokens")}
    return {
        "answer": reading.get("text", ""), "model": reading.get("model", ""), "tool": calls[0][0],
        "arguments": calls[0][1], "wait_s": reading.get("retry_after_s", 0), **counts,
        "total_tokens": sum(counts.values()),
    }  # fmt: skip
