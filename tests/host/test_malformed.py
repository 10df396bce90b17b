"""Bodies, paths and queries of any kind, on every route: an error in the API's shape, or an answer; never a fault of ours, never an end.

`benchmarks/host_malformed.py` does the same by the published description of the routes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hosting import Hosting, call, form, hosting
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distill.host.session import ROUTES
from distill.host.settings import HostSettings

NAMES = [
    "model", "messages", "prompt", "input", "training_file", "validation_file", "hyperparameters", "method", "suffix", "seed", "metadata",
    "integrations", "input_file_id", "endpoint", "completion_window", "output_expires_after", "filename", "purpose", "bytes", "mime_type",
    "expires_after", "part_ids", "md5", "max_tokens", "max_completion_tokens", "temperature", "top_p", "n", "stop", "stream", "logprobs",
    "top_logprobs", "logit_bias", "response_format", "tools", "tool_choice", "encoding_format", "dimensions", "echo", "best_of",
    "stream_options", "frequency_penalty", "order", "role", "content", "type", "function", "name", "json_schema", "schema", "parameters",
    "supervised", "dpo", "n_epochs", "beta", "anchor", "seconds", "batch_size", "learning_rate_multiplier",
]  # fmt: skip
WORDS = ["base", "gpt-4o", "ft:base:x::y", "FILE", "auto", "user", "system", "assistant", "tool", "text", "24h", "/v1/chat/completions",
         "supervised", "dpo", "json_schema", "json_object", "function", "batch", "fine-tune", "created_at", "float", "base64", "required", ""]  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers(-3, 12) | st.integers(-(2**70), 2**70) | st.floats(width=64)
    | st.sampled_from(WORDS) | st.text(max_size=8)
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=12,
)
BODIES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8)
CALLS = sorted((method, route.path) for route in ROUTES for method in (route.methods or set()) - {"HEAD"})
CHAT = {"model": "base", "messages": [{"role": "user", "content": "hi"}]}
SOUND = {
    "/chat/completions": CHAT, "/completions": {"model": "base", "prompt": "a"}, "/embeddings": {"model": "base", "input": "a"},
    "/fine_tuning/jobs": {"model": "base", "training_file": "FILE"}, "/uploads": {"filename": "a", "purpose": "batch", "bytes": 1, "mime_type": "a"},
    "/batches": {"input_file_id": "FILE", "endpoint": "/v1/chat/completions", "completion_window": "24h"},
}  # fmt: skip
"""Route → a body that is taken: what hypothesis adds spoils it."""


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosting]:
    """Its models are said to be at a server that is not there, so that no call is long."""
    told = HostSettings(
        bases={"base": "embedded/smollm2-135m"}, aliases={"gpt-4o": "base"}, upstream="http://127.0.0.1:9/v1"
    )
    with hosting(tmp_path_factory.mktemp("malformed"), told, ROUTES) as made:
        yield made


@pytest.fixture(scope="module")
def file_id(hosted: Hosting) -> str:
    body, kind = form(("purpose", None, b"fine-tune"), ("file", "a.jsonl", b"{}\n"))
    return str(json.loads(call(hosted.port, "POST", "/v1/files", body, content_type=kind).body)["id"])


def held(hosted: Hosting, method: str, path: str, body: bytes | None, kind: str = "application/json") -> None:
    reply = call(hosted.port, method, path, body, content_type=kind)
    assert reply.status < 500 or reply.status in (501, 503), (method, path, body, reply.body)
    if reply.status >= 400 and method != "HEAD":
        assert reply.error["message"], (method, path)


@pytest.mark.parametrize(("method", "path"), CALLS)
@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(
    VALUES,
    BODIES,
    st.text(max_size=8),
    st.sampled_from(["", "?limit=%ff", "?limit=0", "?after=x&limit=3&order=asc", "?metadata[a]=b"]),
)
def test_any_body(
    hosted: Hosting, file_id: str, method: str, path: str, value: object, more: dict[str, object], name: str, query: str
) -> None:
    """A sound body spoilt in some places, then any value as the body."""
    here = path
    while "{" in here:
        here = here[: here.index("{")] + (quote(name, safe="") or file_id) + here[here.index("}") + 1 :]
    for sent in (SOUND.get(path, {}) | more, value):
        body = json.dumps(sent).replace('"FILE"', json.dumps(file_id)).encode()
        held(hosted, method, "/v1" + here + query, body if method == "POST" else None)


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(
    st.binary(max_size=200),
    st.sampled_from(["multipart/form-data; boundary=XX", "application/json", "", "multipart/form-data"]),
)
def test_any_bytes(hosted: Hosting, body: bytes, kind: str) -> None:
    for path in ("/v1/files", "/v1/uploads", "/v1/chat/completions"):
        held(hosted, "POST", path, body, kind)
        held(hosted, "POST", path, b"--XX\r\n" + body + b"\r\n--XX--\r\n", kind)


def test_the_table_is_whole() -> None:
    assert set(SOUND) <= {path for _, path in CALLS}
    assert len(CALLS) >= 20
