"""A host in lines: where it listens, what it serves, and what its folder holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distill.host.session import Started
    from distill.host.state.cleaning import DiskUsage, Held

_NAMES = 3
"""Aliases of a base that are named; of more only the number."""


def started_lines(started: Started) -> list[str]:
    """What to export, what answers, and which names lead where."""
    key = f"${started.key_env}" if started.key_env else "any"
    lines = [
        f"distill host is ready at {started.url}; its files, jobs and tunes are kept in {started.folder}",
        f"export OPENAI_BASE_URL={started.url}",
        f"export OPENAI_API_KEY={key}",
    ]
    for choice in started.engines:
        why = f" ({choice.why})" if choice.why else ""
        lines.append(f"{choice.base}: {started.bases[choice.base]}, answered by {choice.engine}{why}")
    for base in started.bases:
        names = [name for name, to in started.aliases.items() if to == base]
        if names:
            more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
            lines.append(f"{', '.join(names[:_NAMES])}{more} stand for {base}; GET /v1/models lists all")
    lines += [f"note: {one}" for one in started.notes]
    return [*lines, "Ctrl-C stops it; a job that trains then goes on at the next start"]


def usage_lines(found: DiskUsage) -> list[str]:
    """What takes how much."""
    lines = [f"{found.folder}: {size(found.bytes)}"]
    lines += [f"  {size(one.bytes):>12}  {one.count:>6,}  {one.what}" for one in found.held]
    if found.removable.count:
        lines.append(f"{size(found.removable.bytes)} of it is needed by nobody; `distill host --clean-up` removes it")
    return lines


def cleaned_lines(removed: Held, left: DiskUsage) -> list[str]:
    """What a clean-up took."""
    return [f"removed {removed.count:,} files and folders, {size(removed.bytes)}", *usage_lines(left)]


def size(count: int) -> str:
    """Bytes as people say them."""
    return f"{count / 1e6:,.1f} MB" if count >= 1e5 else f"{count:,} bytes"
