"""What is served where nothing is said, and options that lead nowhere."""

from __future__ import annotations

import pytest

from distill.errors import UsageError
from distill.host.defaults import BASES, aliases_of, bases_of, keys_of, upstream_key_of
from distill.host.settings import HostSettings


def test_tutorials_find_their_model() -> None:
    settings = HostSettings(bases=bases_of([]), aliases=aliases_of([], BASES))
    for name in ("gpt-4o-mini-2024-07-18", "gpt-4.1-nano-2025-04-14", "gpt-3.5-turbo", "smollm2-135m"):
        assert settings.base_of(name) == "smollm2-135m"
    assert settings.base_of("gpt-9") is None


def test_bases_and_aliases() -> None:
    bases = bases_of(["mine=/models/a=b", "gpt-4o=org/model"])
    assert bases == {"mine": "/models/a=b", "gpt-4o": "org/model"}
    aliases = aliases_of(["gpt-4.1=gpt-4o", "old=mine"], bases)
    assert (aliases["gpt-4.1"], aliases["old"], aliases["gpt-4o-mini"]) == ("gpt-4o", "mine", "mine")
    assert "gpt-4o" not in aliases


def test_all_bases_that_are_none_are_named_at_once() -> None:
    with pytest.raises(UsageError, match=r"(?s)2 faults.*--base x:.*--base a=c: a has a base already: b"):
        bases_of(["x", "a=b", "a=c"])
    for one in ("=b", "a b=c", "../x=c", "a" * 101 + "=c", "a="):
        with pytest.raises(UsageError, match="NAME=PATH"):
            bases_of([one])


@pytest.mark.parametrize("one", ["x", "x=", "=smollm2-135m", "x=other", "smollm2-135m=smollm2-135m"])
def test_aliases_that_are_none(one: str) -> None:
    with pytest.raises(UsageError, match="smollm2-135m"):
        aliases_of([one], BASES)


def test_the_key_of_the_server_behind() -> None:
    url = "http://127.0.0.1:9000/v1"
    assert upstream_key_of(None, {}, None) is None
    assert upstream_key_of("K", {"K": " sk-behind\n"}, url) == "sk-behind"
    for env, upstream, said in (
        ({"K": "k"}, None, "--upstream, which is not given"),
        ({}, url, "empty or not set"),
        ({"K": "schlüssel"}, url, "no header"),
    ):
        with pytest.raises(UsageError, match=said):
            upstream_key_of("K", env, upstream)


def test_keys() -> None:
    assert keys_of(None, {}) == ()
    assert keys_of("K", {}) == keys_of("K", {"K": " , "}) == ()
    assert keys_of("K", {"K": "a, b"}) == ("a", "b")
