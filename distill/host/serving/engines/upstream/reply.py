"""What another server of the protocol is asked, and its stream read as pieces."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence

import aiohttp

from distill.host.serving.engine import ModelQuestion, Piece, TokenChance
from distill.protocol.error import ApiError
from distill.records import Json


def request(model: str, question: ModelQuestion) -> dict[str, Json]:
    """The body for a question; what is as usual is left out, for not every server knows every setting."""
    body: dict[str, Json] = {"model": model, "stream": True, "stream_options": {"include_usage": True}}
    body |= {"temperature": question.temperature, "top_p": question.top_p}
    if question.max_tokens is not None:
        body["max_tokens"] = question.max_tokens
    if question.seed is not None:
        body["seed"] = question.seed
    if question.stop:
        body["stop"] = list(question.stop)
    body |= {
        name: value
        for name, value in (
            ("presence_penalty", question.presence_penalty),
            ("frequency_penalty", question.frequency_penalty),
        )
        if value
    }
    if question.logit_bias:
        body["logit_bias"] = {str(token): added for token, added in question.logit_bias.items()}
    return body | (_text(question) if question.messages is None else _chat(question))


def _text(question: ModelQuestion) -> dict[str, Json]:
    prompt = question.prompt if isinstance(question.prompt, str) else list(question.prompt or ())
    return {"prompt": prompt, **({} if question.logprobs is None else {"logprobs": question.logprobs})}


def _chat(question: ModelQuestion) -> dict[str, Json]:
    body: dict[str, Json] = {"messages": list(question.messages or ())}
    if question.tools:
        body |= {"tools": list(question.tools), "tool_choice": question.tool_choice}
    if question.logprobs is not None:
        body |= {"logprobs": True, "top_logprobs": question.logprobs}
    if question.schema is not None:
        named = {"name": "answer", "schema": dict(question.schema), "strict": True}
        body["response_format"] = (
            {"type": "json_schema", "json_schema": named} if question.schema else {"type": "json_object"}
        )
    return body


async def pieces(response: aiohttp.ClientResponse, *, chat: bool) -> AsyncGenerator[Piece, None]:
    """The chunks of a stream; ApiError 503 where it ends before its end."""
    calls: dict[int, dict[str, str]] = {}
    finish: str | None = None
    usage: Mapping[str, Json] = {}
    async for line in response.content:
        if not line.startswith(b"data:") or line[5:].strip() in (b"", b"[DONE]"):
            continue
        chunk = json.loads(line[5:])
        if chunk.get("error"):
            raise ApiError(
                f"The server behind this one failed: {str(chunk['error'])[:300]}", status=503, code="upstream_failed"
            )
        usage = chunk.get("usage") or usage
        for choice in chunk.get("choices") or ():
            finish = choice.get("finish_reason") or finish
            _add_calls(calls, choice)
            text = (choice.get("delta") or {}).get("content") if chat else choice.get("text")
            tokens = _chat_chances(choice) if chat else _text_chances(choice)
            if text or tokens:
                yield Piece(text or "", tokens)
    if finish is None:
        raise ApiError(
            "The server behind this one ended in the middle of an answer; ask again.",
            status=503,
            code="upstream_failed",
        )
    yield Piece(
        calls=[calls[place] for place in sorted(calls)], finish="length" if finish == "length" else "stop",
        prompt_tokens=int(usage.get("prompt_tokens") or 0), completion_tokens=int(usage.get("completion_tokens") or 0),
    )  # fmt: skip


def _add_calls(calls: dict[int, dict[str, str]], choice: Mapping[str, Json]) -> None:
    """Calls come in parts: the name once, the arguments bit by bit."""
    for part in (choice.get("delta") or {}).get("tool_calls") or ():
        call = calls.setdefault(int(part.get("index") or 0), {"name": "", "arguments": ""})
        said = part.get("function") or {}
        call["name"] += said.get("name") or ""
        call["arguments"] += said.get("arguments") or ""


def _chat_chances(choice: Mapping[str, Json]) -> Sequence[TokenChance]:
    told = (choice.get("logprobs") or {}).get("content") or ()
    return [
        TokenChance(
            one["token"],
            one["logprob"],
            [(other["token"], other["logprob"]) for other in one.get("top_logprobs") or ()],
        )
        for one in told
    ]


def _text_chances(choice: Mapping[str, Json]) -> Sequence[TokenChance]:
    told = choice.get("logprobs") or {}
    tops = told.get("top_logprobs") or [None] * len(told.get("tokens") or ())
    rows = zip(told.get("tokens") or (), told.get("token_logprobs") or (), tops, strict=False)
    return [TokenChance(token, log, list((top or {}).items())) for token, log, top in rows if log is not None]
