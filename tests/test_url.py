"""An address of an endpoint is told wrong before anything is sent there."""

from __future__ import annotations

import pytest

from distill import url


@pytest.mark.parametrize(
    "good",
    [
        "https://api.openai.com/v1", "http://127.0.0.1:8000/v1/", "http://[::1]:8080/v1", "http://localhost:11434/v1", "https://h/openai/v1",
        "HTTPS://Host.Example/v1", "https://h/a%20b/v1",
    ],
)  # fmt: skip
def test_what_can_be_called_is_not_wrong(good: str) -> None:
    assert url.wrong(good) == ""


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("", "is empty"), ("localhost:8000", "no http address"), ("//h/v1", "no http address"), ("file:///x", "no http address"),
        ("http://h:0/v1", "port 0"), ("http://h:70000/v1", "out of range"), ("http://h:x/v1", "port"), ("http://[::1/v1", "IPv6"),
        ("http://h/v1?a=b", "query"), ("http://h/v1#x", "query or fragment"), ("http://u@h/v1", "a user or a password"),
        ("http://h /v1", "a blank"), ("http://h/v1\n", "a blank"), ("${URL}/v1", "${URL}"), ("{{url}}", "{{url}}"),
        ("http://h/v1/chat/completions/", "write 'http://h/v1'"), ("http://h/v1/models", "write 'http://h/v1'"),
    ],
)  # fmt: skip
def test_what_cannot_be_called_is_told_with_what_to_write(bad: str, said: str) -> None:
    assert said in url.wrong(bad)


def test_a_password_is_not_shown() -> None:
    assert "hunter2" not in url.wrong("ftp://me:hunter2@h") + url.wrong("http://me:hunter2@h/v1?x=hunter2")


@pytest.mark.parametrize(
    "own", ["http://127.0.0.1:1/v1", "http://localhost/v1", "http://10.0.0.3/v1", "http://vllm:8000/v1"]
)
def test_a_server_of_ones_own(own: str) -> None:
    assert url.own(own)
    assert not url.own("https://api.openai.com/v1")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://A:80/v1/", "http://a/v1", True), ("https://a:443", "https://a/", True), ("http://[::1]:80/v1", "http://[::1]/v1", True),
        ("http://a./v1", "HTTP://a/v1", True), ("http://a:8000/v1", "http://a:8001/v1", False), ("http://a/v1", "https://a/v1", False),
        ("http://a/v1", "http://a/V1", False), ("http://a:443/v1", "http://a/v1", False), ("http://localhost/v1", "http://127.0.0.1/v1", False),
    ],
)  # fmt: skip
def test_another_spelling_is_the_same_endpoint(one: str, other: str, same: bool) -> None:
    assert (url.normal(one) == url.normal(other)) is same
    assert url.twice([one, "http://between/v1", other]) == ([(1, 3)] if same else [])


def test_an_address_that_is_none_has_no_other_spelling() -> None:
    assert url.normal("http://h:x/v1") == "http://h:x/v1"
