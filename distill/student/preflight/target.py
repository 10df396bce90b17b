"""What a base or a host means for a preflight: what counts the tokens, and the way it would train."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from distill import extras
from distill.base_model.local import LocalWeights
from distill.curate import preflight as curation
from distill.errors import UsageError
from distill.student.preflight import hosts, shape, speed, tokens
from distill.student.preflight.check import Machine, Way
from distill.student.preflight.cost import TrainingSettings
from distill.student.preflight.hosts import TuningHostFacts
from distill.student.preflight.speed import Speed
from distill.student.preflight.tokens import TokenCounter
from distill.teacher.engines import embedded

LEAST_ROWS = 10
"""What OpenAI's endpoint takes; fewer teach nothing elsewhere either."""


@dataclass(frozen=True, slots=True)
class TrainingTarget:
    """What counts, and how it would train."""

    counter: TokenCounter
    way: Way


def of_names(
    base: str, host: str, *, folder: Path, home: Path, epochs: float | None = None, usd_per_million: float | None = None
) -> TrainingTarget:  # fmt: skip
    """A base and a host by their names, each empty where none is given; paths are relative to `folder`, earlier runs below `home`.

    With a host the tokens are counted by the base's tokeniser only where it lies here; nothing is fetched for it.
    """
    known = hosts.named(host) if host else None
    weights = _weights(base, folder, home)
    if known is not None:
        here = weights is not None and (folder / base).exists()
        counter = _counter(base, weights, known.context) if here else tokens.estimated(base, context=known.context)
        return TrainingTarget(counter, Way(base, known, epochs=epochs, usd_per_million=usd_per_million))
    if weights is None:
        return TrainingTarget(tokens.estimated("", context=None), Way(epochs=epochs))
    if importlib.util.find_spec("transformers") is None:
        raise UsageError(f"a base's own tokeniser needs the training libraries; {extras.hint('train')}")
    settings = TrainingSettings()
    machine = machine_of(weights, lambda: speed.earlier(home, base, settings.layers) or speed.measured())
    return TrainingTarget(
        _counter(base, weights, None),
        Way(base, machine=machine, settings=settings, epochs=epochs, least_rows=LEAST_ROWS),
    )


def of_host(base: str, host: TuningHostFacts, *, context: int, epochs: float) -> TrainingTarget:
    """A base at a host, with so many tokens of a row."""
    return TrainingTarget(
        tokens.estimated(base, context=context), Way(base, host, epochs=epochs, least_rows=LEAST_ROWS)
    )


def of_weights(
    base: str, weights: LocalWeights, settings: TrainingSettings, *, context: int, rate: Callable[[], Speed | None]
) -> TrainingTarget:  # fmt: skip
    """A base that trains here as its settings say; `rate` is asked how fast, where a size is known."""
    way = Way(base, machine=machine_of(weights, rate), settings=settings, epochs=settings.epochs, least_rows=LEAST_ROWS)
    return TrainingTarget(_counter(base, weights, context), way)


def machine_of(weights: LocalWeights, rate: Callable[[], Speed | None]) -> Machine | None:
    """This machine for a base; None where the base's files do not say how large it is."""
    found = shape.of_folder(weights.folder(weights=False))
    if found is None or importlib.util.find_spec("torch") is None:
        return None
    from distill.base_model import load

    dtype = load.native_dtype()
    return Machine(found, str(dtype).removeprefix("torch."), dtype.itemsize, load.free_bytes(), rate())


def _counter(base: str, weights: LocalWeights | None, context: int | None) -> TokenCounter:
    if weights is None:
        return tokens.estimated(base, context=context)
    folder = weights.folder(weights=False)
    return tokens.of_base(folder, weights.template, name=base, context=context or curation.local_context(base, weights))


def _weights(base: str, folder: Path, home: Path) -> LocalWeights | None:
    """Where a base of this name would lie; None without a name."""
    if not base:
        return None
    return LocalWeights(str(embedded.gguf()) if base == embedded.MODEL else base, folder, home / ".distill" / "base")
