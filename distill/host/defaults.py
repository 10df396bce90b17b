"""What `distill host` serves where nothing is said: one small base that comes with the package, under the names that tutorials write."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from distill.errors import Fault, SpecError, UsageError

BASES: Mapping[str, str] = {"smollm2-135m": "embedded/smollm2-135m"}
TUNABLE = (
    "gpt-4o-mini-2024-07-18", "gpt-4o-mini", "gpt-4o-2024-08-06", "gpt-4o", "gpt-4.1-nano-2025-04-14", "gpt-4.1-nano",
    "gpt-4.1-mini-2025-04-14", "gpt-4.1-mini", "gpt-4.1-2025-04-14", "gpt-4.1", "gpt-3.5-turbo-0125", "gpt-3.5-turbo-1106",
    "gpt-3.5-turbo", "babbage-002", "davinci-002",
)  # fmt: skip
"""Models that could be tuned at OpenAI: each stands for the first base, unless --alias says otherwise."""
_EXPECTED = "expected NAME=PATH: a name of letters, digits, . _ / @ and -, and a folder, a GGUF file, a hub id or embedded/smollm2-135m"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/@-]{0,99}")


def bases_of(given: Sequence[str]) -> dict[str, str]:
    """`NAME=PATH` each; SpecError names all that are none. Without any, the base that comes with the package."""
    if not given:
        return dict(BASES)
    found, faults = dict[str, str](), list[Fault]()
    for one in given:
        name, _, path = one.partition("=")
        if not path or not _NAME.fullmatch(name):
            faults.append(Fault(f"--base {one}", _EXPECTED))
        elif name in found:
            faults.append(Fault(f"--base {one}", f"{name} has a base already: {found[name]}"))
        else:
            found[name] = path
    if faults:
        raise SpecError("the bases", faults)
    return found


def aliases_of(given: Sequence[str], bases: Mapping[str, str]) -> dict[str, str]:
    """`NAME=BASE` each, over the names of OpenAI's tunable models; UsageError where one leads nowhere."""
    first = next(iter(bases))
    found = {name: first for name in TUNABLE if name not in bases}
    for one in given:
        name, _, base = one.partition("=")
        if not name or base not in bases:
            raise UsageError(f"--alias {one}: expected NAME=BASE with one of the bases: {', '.join(bases)}")
        if name in bases:
            raise UsageError(f"--alias {one}: {name} is a base itself")
        found[name] = base
    return found


def upstream_key_of(variable: str | None, env: Mapping[str, str], upstream: str | None) -> str | None:
    """The key in a variable for the server behind; UsageError where there is no such server, or no key."""
    if variable is None:
        return None
    if upstream is None:
        raise UsageError(
            f"--upstream-key-env {variable}: it is the key of the server behind --upstream, which is not given"
        )
    key = env.get(variable, "").strip()
    if not key:
        raise UsageError(
            f"--upstream-key-env {variable}: the variable is empty or not set; export {variable}=… with that server's key"
        )
    if not key.isascii() or not key.isprintable():
        raise UsageError(
            f"--upstream-key-env {variable}: the key has characters that no header can carry; export it anew"
        )
    return key


def keys_of(variable: str | None, env: Mapping[str, str]) -> tuple[str, ...]:
    """The keys in a variable, separated by commas; none where no variable is named."""
    if variable is None:
        return ()
    return tuple(key for one in env.get(variable, "").split(",") if (key := one.strip()))
