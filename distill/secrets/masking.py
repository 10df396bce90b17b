"""Secrets of an endpoint, taken out of whatever comes back from it: before it is cut, kept or shown.

    Mask.of([key, password]).text("Incorrect API key provided: sk-…")   → "Incorrect API key provided: [key]"

A secret is found as it is, in other case, in base64 (wherever it stands in what was encoded), URL-encoded once or twice, in hex,
and as JSON, HTML and Python escape it, and also where only its beginning came back. Values of fewer than eight characters and the well-known words that local
servers take for a key are no secrets: replacing them would only spoil text.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, quote_plus, unquote, urlsplit

from distill.records import Answer, Json, ToolCall

SHOWN = "[key]"
_FEWEST = 8
"""Characters of a secret."""
_HEAD = 12
"""So many of its first characters, and half of it, are still a secret where the rest was cut off."""
_DUMMIES = frozenset(
    {
        "anything", "something", "whatever", "placeholder", "required", "undefined", "not-needed", "not_needed", "notneeded",
        "no-key-required", "no-key-needed", "not-required", "not_required", "lm-studio", "dummy-key", "fake-key", "test-key",
        "token-abc123", "sk-no-key-required",
    }
)  # fmt: skip
_WORD = re.compile(r"[0-9A-Za-z]")
_PERCENT = re.compile(r"%[0-9A-F]{2}")


@dataclass(frozen=True, slots=True)
class SecretMask:
    """What to take out: the first characters of every spelling of every secret, each with the spellings that begin so."""

    spellings: tuple[tuple[str, bytes, tuple[str, ...]], ...] = ()

    @classmethod
    def of(cls, secrets: Iterable[str | None]) -> SecretMask:
        """The mask of these values; what is none, short or a well-known dummy is left out."""
        given = {word for secret in secrets if secret for word in (secret, *secret.split())}
        wanted = {word for word in given if len(word) >= _FEWEST and word.lower() not in _DUMMIES}
        forms = sorted({form for word in wanted for form in _forms(word) if len(form) >= _FEWEST})
        heads = dict.fromkeys(form[:_HEAD] for form in forms)
        return cls(
            tuple((head, _bytes(head), tuple(form for form in forms if form.startswith(head))) for head in heads)
        )

    def text(self, text: str) -> str:
        """`text` without any of them."""
        for head, _, forms in self.spellings:
            if head in text:
                text = _without(text, head, forms)
        return text

    def body(self, body: bytes) -> bytes:
        """The same of a reply as it came over the line."""
        for head, sought, forms in self.spellings:
            if sought in body:
                # Latin-1 is one character a byte, so every other byte comes back as it was.
                said = _without(body.decode("latin-1"), _bytewise(head), [_bytewise(form) for form in forms])
                body = said.encode("latin-1")
        return body

    def value(self, value: Json) -> Json:
        """The same of a JSON value, at every depth that its own reader has passed."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(part) for part in value]
        if isinstance(value, dict):
            return {self.text(name): self.value(part) for name, part in value.items()}
        return value

    def answer(self, answer: Answer) -> Answer:
        """The same of everything that an answer holds; the body it was read from goes where that spells a secret otherwise."""
        if not self.spellings:
            return answer
        calls = tuple(ToolCall(self.text(call.name), self.text(call.arguments)) for call in answer.tool_calls)
        masked = replace(
            answer, text=self.text(answer.text), finish_reason=self.text(answer.finish_reason), refusal=self.text(answer.refusal),
            reasoning=self.text(answer.reasoning), model=self.text(answer.model), tool_calls=calls,
            logprobs=self._logprobs(answer.logprobs),
        )  # fmt: skip
        if masked != answer:
            masked = replace(masked, raw="")
        return replace(masked, error=self.text(answer.error))

    def _logprobs(self, logprobs: Json) -> Json:
        """None where the tokens, one after another, come to a secret, or where nobody can look through them."""
        parts = logprobs if isinstance(logprobs, list) else []
        whole = "".join(str(one.get("token") or "") for one in parts if isinstance(one, dict))
        try:
            return self.value(logprobs) if self.text(whole) == whole else None
        except RecursionError:
            return None


def passwords(url: str | None) -> list[str]:
    """The password inside a URL, as it is written there and as it is meant."""
    try:
        password = urlsplit(url or "").password
    except ValueError:
        return []
    return [password, unquote(password)] if password else []


def _forms(secret: str) -> Iterable[str]:
    raw = _bytes(secret)
    escaped = json.dumps(secret)[1:-1]
    yield from (secret, secret.lower(), secret.upper(), secret.swapcase())
    yield from (escaped, json.dumps(secret, ensure_ascii=False)[1:-1], json.dumps(escaped)[1:-1], repr(secret)[1:-1])
    yield from (
        "".join(f"\\u{ord(letter):04x}" for letter in secret),
        secret.replace("/", "\\/"),
        escaped.replace("/", "\\/"),
    )
    yield from (html.escape(secret), html.escape(secret).replace("&#x27;", "&#39;"))
    yield from (raw.hex(), raw.hex().upper())
    for spelt in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield from (spelt, _PERCENT.sub(lambda found: found[0].lower(), spelt), quote(spelt, safe=""))
    for bytes_ in dict.fromkeys((raw, _bytes(escaped))):
        yield from _in_base64(bytes_)


def _in_base64(raw: bytes) -> Iterable[str]:
    """Wherever in a triple of bytes it begins; characters that depend on neighbours are left out."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        inner = encoded[-(-before * 8 // 6) : len(encoded) - ((len(raw) + before) % 3 > 0)]
        yield from (inner, inner.replace("+", "-").replace("/", "_"))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _bytewise(text: str) -> str:
    return _bytes(text).decode("latin-1")


def _without(text: str, head: str, forms: Sequence[str]) -> str:
    """`text` less each place where one of `forms`, or more than half of it, stands."""
    parts, start = [], 0
    while (at := text.find(head, start)) >= 0:
        end, whole = max((at + _alike(text, at, form), form) for form in forms)
        part = end - at < len(whole)
        if (part and end - at < max(_HEAD, len(whole) // 2)) or (_plain(whole) and _in_a_word(text, at, end)):
            parts.append(text[start:end])
        else:
            parts += [text[start:at], SHOWN]
        start = end
    return "".join(parts) + text[start:]


def _alike(text: str, at: int, form: str) -> int:
    """How many characters from `at` on are as in `form`."""
    if text.startswith(form, at):
        return len(form)
    return next((n for n, letter in enumerate(form) if text[at + n : at + n + 1] != letter), len(form))


def _in_a_word(text: str, at: int, end: int) -> bool:
    return bool(_WORD.match(text[at - 1 : at]) or _WORD.match(text[end : end + 1]))


def _plain(whole: str) -> bool:
    """Whether it may be part of an ordinary word: letters only. A random one is a secret also in the midst of others."""
    return whole.isalpha() and whole.islower()
