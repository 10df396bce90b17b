"""From a name in the spec to where the model is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from distill.errors import AccessRefused, UsageError
from distill.teacher.endpoint.address import Address


def test_the_identity_is_the_address_and_never_the_key() -> None:
    """Another key, timeout or header is the same endpoint; another base_url or adapter is not."""
    here = Address("m", "http://127.0.0.1:1/v1/", key="sk-1", timeout_s=3)
    same = [replace(here, key="sk-2"), replace(here, timeout_s=9), replace(here, headers={"a": "b"})]
    assert {one.identity for one in same} == {here.identity} == {"http://127.0.0.1:1/v1"}
    assert replace(here, base_url="http://127.0.0.1:2/v1").identity != here.identity
    student = Address("embedded/smollm2-135m", adapter=Path("a.gguf"), adapter_id="abc")
    assert student.identity != replace(student, adapter_id="abd").identity
    assert "sk-1" not in repr(here)


def test_every_list_of_endpoints_is_one_identity_with_one_key_check_for_all() -> None:
    """Another order, one more, one less: the same. A single address is what it ever was."""
    a, b = "http://127.0.0.1:1/v1", "http://gpu:2/v1/"
    both, one = Address("m", a, listed=(a, b)), Address("m", b, listed=(b,))
    assert both.identity == one.identity == Address("m", b, listed=(b, a)).identity != Address("m", a).identity
    assert (both.urls, both.shown, both.several) == ((a, "http://gpu:2/v1"), f"{a}, http://gpu:2/v1", True)
    assert both.keyless
    assert not Address("m", a, listed=(a,)).keyless
    named = Address("m", a, each_address=True)
    assert (named.several, named.identity) == (True, Address("m", a).identity)


def test_a_list_is_asked_in_one_dialect_and_none_of_its_addresses_is_wrong() -> None:
    mixed = ("https://api.openai.com/v1", "http://gpu/v1")
    assert "lists OpenAI's own endpoints beside others" in str(Address("m", mixed[0], key="k", listed=mixed).faults())
    assert "no http address" in str(Address("m", "http://a/v1", listed=("http://a/v1", "ftp://b")).faults())


@pytest.mark.parametrize("url", ["localhost", "ftp://a/v1", "http://", "/v1"])
def test_what_is_no_address_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(UsageError, match="http://127"):
        Address("m", url, key="k").check()


def test_a_missing_key_is_named_by_its_variable_and_a_server_here_needs_none() -> None:
    with pytest.raises(AccessRefused, match="MY_KEY is not set"):
        Address("m", "https://models.example/v1", key_env="MY_KEY").check()
    Address("m", "http://127.0.0.1:8000/v1").check()
