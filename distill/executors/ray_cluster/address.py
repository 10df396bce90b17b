"""Where `--on` says that shards are worked on.

ray                  the cluster that RAY_ADDRESS names, as within a Ray job; else one of this machine's cores, for this command
ray:local            one of this machine's cores, whatever RAY_ADDRESS names
ray:auto             the cluster that this machine belongs to
ray:HOST:PORT        the cluster of that head, which this machine belongs to
ray://HOST:PORT      a cluster elsewhere, through Ray's client
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from distill.errors import UsageError

_HOST = re.compile(r"[\w.\[\]:-]+:\d{1,5}")
_EXPECTED = (
    "expected memory, ray, ray:local, ray:auto, ray:HOST:PORT, or ray://HOST:PORT (`distill curate` also takes disk)"
)


@dataclass(frozen=True, slots=True)
class ClusterAddress:
    """`text` is as Ray takes it; `ours`: whether the cluster is made for this command and ends with it."""

    text: str
    ours: bool

    def __str__(self) -> str:
        return "a cluster of this machine" if self.ours else f"the cluster at {self.text}"


def parse(text: str, env: Mapping[str, str]) -> ClusterAddress:
    """The address that a text stands for; UsageError where it stands for none."""
    if text == "ray":
        given = env.get("RAY_ADDRESS", "").strip()
        return ClusterAddress(given, ours=False) if given and given != "local" else ClusterAddress("local", ours=True)
    kind, _, rest = text.partition(":")
    if kind != "ray" or not (rest in ("local", "auto") or _HOST.fullmatch(rest.removeprefix("//"))):
        raise UsageError(f"--on {text!r}: {_EXPECTED}")
    if rest == "local":
        return ClusterAddress("local", ours=True)
    return ClusterAddress(text if rest.startswith("//") else rest, ours=False)
