"""What is known of a host holds for a file: its limits, its bases, its end."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from distill.errors import UsageError
from distill.student.preflight import hosts
from distill.student.preflight.findings import Finding, Findings

BEFORE = date(2026, 6, 1)


def found(host: str, model: str = "", *, rows: int = 100, size: int = 1000, today: date = BEFORE) -> dict[str, Finding]:
    findings = Findings()
    hosts.check(hosts.named(host), model, rows=rows, size=size, today=today, found=findings, file="train.jsonl")
    return {one.name: one for one in findings.sorted()}


@pytest.mark.parametrize(
    ("host", "at_most"),
    [("openai", 512_000_000), ("azure", 512_000_000), ("nebius", 5_000_000_000), ("together", 100_000_000_000)],
)
def test_file_may_be_as_large_as_the_host_takes(host: str, at_most: int) -> None:
    assert found(host, size=at_most) == {}
    assert set(found(host, size=at_most + 1)) == {"too_large"}


@pytest.mark.parametrize(("host", "least"), [("openai", 10), ("azure", 10), ("fireworks", 3)])
def test_rows_may_be_as_few_as_the_host_takes(host: str, least: int) -> None:
    assert found(host, rows=least) == {}
    assert set(found(host, rows=least - 1)) == {"too_few_rows"}


def test_rows_may_be_as_many_as_the_host_takes() -> None:
    assert set(found("fireworks", rows=3_000_001)) == {"too_many_rows"}


@pytest.mark.parametrize("name", [name for name, host in hosts.HOSTS.items() if host.closes])
def test_host_that_closes_warns_and_then_stops(name: str) -> None:
    last = hosts.HOSTS[name].closes
    assert last is not None
    assert "host_closes" not in found(name, today=last - timedelta(days=91))
    assert found(name, today=last)["host_closes"].grade == "warning"
    assert found(name, today=last + timedelta(days=1))["host_closes"].grade == "stop"


def test_base_is_known_by_its_dated_name_and_by_that_of_a_model_tuned_on_it() -> None:
    openai = hosts.named("openai")
    mini = hosts.base_of(openai, "gpt-4.1-mini")
    assert mini == hosts.base_of(openai, "gpt-4.1-mini-2025-04-14") == hosts.base_of(openai, "ft:gpt-4.1-mini:me::abc")
    assert mini != hosts.base_of(openai, "gpt-4.1")
    assert hosts.base_of(openai, "gpt-4.10") is None


def test_base_that_is_gone_stops_and_one_that_goes_soon_warns() -> None:
    assert found("openai", "gpt-4.1-nano", today=date(2026, 10, 23))["base_shuts_down"].grade == "stop"
    assert found("openai", "gpt-4.1-nano", today=date(2026, 10, 1))["base_shuts_down"].grade == "warning"
    assert found("openai", "gpt-4.1-nano", today=date(2026, 1, 1)) == {}


def test_host_is_found_by_its_address() -> None:
    assert hosts.at(None) is hosts.HOSTS["openai"]
    assert hosts.at("https://me.openai.azure.com/openai/v1/") is hosts.HOSTS["azure"]
    assert hosts.at("https://api.tokenfactory.nebius.com/v1/") is hosts.HOSTS["nebius"]


@pytest.mark.parametrize("url", ["https://api.openai.com.evil.test/v1", "http://127.0.0.1:8000/v1"])
def test_nothing_is_known_of_a_host_at_another_address(url: str) -> None:
    host = hosts.at(url)
    assert host not in hosts.HOSTS.values()
    assert (host.least_rows, host.most_bytes, host.closes) == (1, None, None)
    assert host.name in url


def test_unknown_host_is_told_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'together'"):
        hosts.named("togehter")
