"""What `distill host` was started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class HostSettings:
    """`bases` maps a name that clients say to a base (folder, hub id, GGUF file, or embedded/…); `aliases` another name to one of them."""

    bases: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    address: str = "127.0.0.1"
    port: int = 8000
    keys: tuple[str, ...] = field(default=(), repr=False)
    """One of these a client has to send as its key; without any, whatever it sends is taken."""
    upstream: str | None = None
    """A vLLM or another server that answers in place of the engines here."""
    upstream_key: str | None = field(default=None, repr=False)
    """What that server is sent as its key."""
    upload_bytes: int = 512 * 2**20
    """The most that one upload may have."""
    quota_bytes: int = 20 * 2**30
    """The most that all files and jobs may take on the disk."""
    requests_per_minute: int | None = None
    """Of one key."""

    def base_of(self, name: str) -> str | None:
        """The name of the base that a client means: itself, or what its alias stands for; None where there is none."""
        named = self.aliases.get(name, name)
        return named if named in self.bases else None
