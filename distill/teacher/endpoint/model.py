"""One of the models of a task, as it is asked."""

from __future__ import annotations

from dataclasses import dataclass

from distill.spec import BatchSettings, EndpointLimits, Sampling
from distill.teacher.endpoint.address import Address


@dataclass(frozen=True, slots=True)
class Model:
    """One of the models that answer: where it is, how it is asked, what its endpoint takes, and by which way."""

    address: Address
    sampling: Sampling
    limits: EndpointLimits
    mode: str
    batch: BatchSettings
