"""The SDK's errors as ours, in the host's words and without the key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from distill.errors import AccessRefused
from distill.secrets.masking import SecretMask
from distill.student.hosts.job import HostAddress, TuneError
from distill.teacher.endpoint import sdk, wire


@contextmanager
def explained(host: HostAddress) -> Iterator[None]:
    """What is raised inside becomes `AccessRefused` or `TuneError`; what no host can be blamed for stays."""
    from openai import APIError, AuthenticationError, PermissionDeniedError

    mask, where = (
        SecretMask.of([host.key, *host.headers.values()]),
        wire.without_user(host.base_url or "api.openai.com"),
    )
    try:
        yield
    except TuneError as error:
        raise TuneError(mask.text(str(error))) from None
    except APIError as error:
        message = mask.text(error.message)
        if isinstance(error, AuthenticationError | PermissionDeniedError) or error.code == "insufficient_quota":
            raise AccessRefused(f"{where} refuses to tune: {message}") from None
        raise TuneError(f"{where}: {message}; what was reached is kept, run again to go on") from None
    except Exception as fault:
        message = mask.text(f"{type(fault).__name__}: {fault}")
        if sdk.misread(fault):
            raise TuneError(
                f"{where}: a reply is none of a tuning API ({message[:200]}); look at student.train.base_url; "
                "what was reached is kept, run again to go on"
            ) from fault
        if not sdk.unsent(fault):
            raise
        raise TuneError(
            f"nothing was sent to the tuning host: {message}; look at its address, key and headers"
        ) from None
