"""What is known of tuning hosts: their limits, which bases they tune until when, and what a trained token costs.

Facts of `AS_OF`, by each host's own pages; a host changes them when it likes, so a number here is a reason to look there and
no promise. What is None is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlsplit

from distill.curate.preflight import HOSTED_CONTEXT
from distill.errors import AccessRefused, UsageError
from distill.student.hosts.job import shutdown_notice
from distill.student.preflight.findings import Findings
from distill.text.normalise import did_you_mean

AS_OF = date(2026, 11, 30)
_SOON_DAYS = 90
_MB, _GB = 10**6, 10**9


@dataclass(frozen=True, slots=True)
class Base:
    """A base at a host: dollars a million trained tokens, and its last day."""

    usd: float | None = None
    shutdown: date | None = None


@dataclass(frozen=True, slots=True)
class TuningHostFacts:
    """A tuning host. `closes` is the last day on which a job can be made; `bases` by the beginning of their names."""

    name: str
    at: str
    """How its address ends."""
    least_rows: int = 1
    most_rows: int | None = None
    most_bytes: int | None = None
    context: int | None = None
    closes: date | None = None
    closes_says: str = ""
    bases: Mapping[str, Base] = field(default_factory=dict)
    never: tuple[str, ...] = ()
    """Beginnings of the names of models that it serves and does not tune."""
    also: tuple[str, ...] = ()
    """Other addresses of it."""
    bills: str = ""
    prices_at: str = ""


_END = date(2027, 1, 14)
_OPENAI_BASES = {
    "gpt-4.1-nano": Base(1.5, date(2026, 10, 23)), "gpt-4.1-mini": Base(5.0, _END), "gpt-4.1": Base(25.0, _END),
    "gpt-4o-mini": Base(3.0, _END), "gpt-4o-2024-05-13": Base(None, date(2026, 10, 23)), "gpt-4o": Base(25.0, _END),
    "o4-mini": Base(None, date(2026, 10, 23)), "gpt-3.5-turbo": Base(8.0, date(2026, 10, 23)),
}  # fmt: skip

HOSTS: Mapping[str, TuningHostFacts] = {
    "openai": TuningHostFacts(
        "openai", "api.openai.com", least_rows=10, most_bytes=512 * _MB, context=HOSTED_CONTEXT, closes=date(2027, 1, 5),
        closes_says="only organisations that tuned before 7 May 2026, and have used a tuned model within 60 days, can still make jobs",
        bases=_OPENAI_BASES, never=("gpt-5", "gpt-6", "o1", "o3"), bills="trained tokens × epochs", prices_at="openai.com/api/pricing",
    ),
    "azure": TuningHostFacts(
        "azure", ".openai.azure.com", least_rows=10, most_bytes=512 * _MB, context=HOSTED_CONTEXT,
        bills="trained tokens × epochs; a deployed model by the hour", prices_at="azure.microsoft.com/pricing",
    ),
    "nebius": TuningHostFacts(
        "nebius", "api.tokenfactory.nebius.com", most_bytes=5 * _GB, bills="trained tokens × epochs", prices_at="nebius.com/prices",
    ),
    "together": TuningHostFacts(
        "together", "api.together.ai", also=("api.together.xyz",), most_bytes=100 * _GB,
        bills="tokens of training × epochs and of validation × evaluations; a tuned model by the minute",
        prices_at="together.ai/pricing",
    ),
    "fireworks": TuningHostFacts(
        "fireworks", "api.fireworks.ai", least_rows=3, most_rows=3_000_000, bills="trained tokens × epochs", prices_at="fireworks.ai/pricing",
    ),
}  # fmt: skip


def named(name: str) -> TuningHostFacts:
    """A host by its name; UsageError tells the known ones."""
    if name not in HOSTS:
        raise UsageError(f"no facts about a host {name!r}{did_you_mean(name, HOSTS)}")
    return HOSTS[name]


def at(base_url: str | None) -> TuningHostFacts:
    """The host at an address, OpenAI where there is none; one of which nothing is known has its address for a name."""
    where = urlsplit(base_url or "https://api.openai.com").hostname or ""
    known = (
        host
        for host in HOSTS.values()
        if where in (host.at, *host.also) or (host.at[0] == "." and where.endswith(host.at))
    )
    return next(known, TuningHostFacts(where, where, context=HOSTED_CONTEXT, prices_at="its own pages"))


def base_of(host: TuningHostFacts, model: str) -> Base | None:
    """What is known of a base, also by its dated name or as a tuned model's; the longest name that fits counts."""
    bare = model.removeprefix("ft:")
    fits = [name for name in host.bases if bare == name or bare.startswith((f"{name}-", f"{name}:"))]
    return host.bases[max(fits, key=len)] if fits else None


def check(host: TuningHostFacts, model: str, *, rows: int, size: int, today: date, found: Findings, file: str) -> None:
    """Note where a file is beyond the host's limits, or its base or the host itself ends."""
    if rows < host.least_rows:
        found.add("too_few_rows", said=f"{rows} rows, {host.name} takes at least {host.least_rows}", file=file)
    if host.most_rows is not None and rows > host.most_rows:
        found.add("too_many_rows", said=f"{rows:,} rows, {host.name} takes at most {host.most_rows:,}", file=file)
    if host.most_bytes is not None and size > host.most_bytes:
        found.add(
            "too_large",
            said=f"{size / _MB:,.0f} MB, {host.name} takes at most {host.most_bytes / _MB:,.0f} MB",
            file=file,
        )
    _closing(host, today, found, file)
    if model:
        _base(host, model, today, found, file)


def _closing(host: TuningHostFacts, today: date, found: Findings, file: str) -> None:
    if host.closes is None or (host.closes - today).days > _SOON_DAYS:
        return
    if today > host.closes:
        found.add(
            "host_closes",
            said=f"{host.name} takes no new job since {host.closes}; choose another host",
            file=file,
            grade="stop",
        )
        return
    said = f"{host.name} takes no new job after {host.closes}, in {(host.closes - today).days} days; {host.closes_says}"
    found.add("host_closes", said=said, file=file)


def _base(host: TuningHostFacts, model: str, today: date, found: Findings, file: str) -> None:
    known = base_of(host, model)
    if known is None:
        if model.startswith(host.never):
            found.add("base_not_tunable", said=f"{model} at {host.name}", file=file)
        elif host.bases:
            found.add(
                "base_unknown",
                said=f"{model} at {host.name}; known on {AS_OF}: {', '.join(sorted(host.bases))}",
                file=file,
            )
        return
    try:
        notice = shutdown_notice(model, known.shutdown.isoformat() if known.shutdown else None, today)
    except AccessRefused as refused:
        found.add("base_shuts_down", said=str(refused), file=file, grade="stop")
        return
    if notice is not None:
        found.add("base_shuts_down", said=notice.message, file=file)
