"""Epochs, learning rate and rank for so many rows: where to begin, not where to end. The validation loss decides."""

from __future__ import annotations

from dataclasses import dataclass

_EPOCHS = (
    (
        100,
        6.0,
        "so few rows have to be seen several times; watch the validation loss, for they are soon learnt by heart",
    ),
    (500, 4.0, "a few hundred rows are learnt in about four passes and mostly by heart after that"),
    (2_000, 3.0, "some thousand examples seen are enough for one task, and three passes over these are that many"),
    (10_000, 2.0, "with thousands of rows two passes are enough, and a third rarely lowers the validation loss"),
)
_RANKS = ((500, 8), (5_000, 16))
_RATES = ((300e6, 2e-3), (1e9, 5e-4), (4e9, 2e-4))
"""Parameters up to which a LoRA takes so high a learning rate: small bases need larger steps."""
_LARGE_RATE, _UNKNOWN_RATE, _FULL_RATE = 1e-4, 2e-4, 2e-5


@dataclass(frozen=True, slots=True)
class TrainingAdvice:
    """`learning_rate` and `rank` are None at a host, which has defaults of its own for its models; `rank` where no adapter is tuned."""

    epochs: float
    learning_rate: float | None
    rank: int | None
    why: str


def advise(rows: int, *, params: int | None = None, hosted: bool = False, full: bool = False) -> TrainingAdvice:
    """Where to begin with `rows` training rows on a base of `params` parameters; `full` where all of them are tuned."""
    last = (0, 1.0, "with ten thousand rows or more one pass is enough")
    _, epochs, why = next((one for one in _EPOCHS if rows < one[0]), last)
    if hosted:
        return TrainingAdvice(epochs, None, None, f"{why}; leave rate and rank to the host's defaults first")
    if full:
        return TrainingAdvice(
            epochs, _FULL_RATE, None, f"{why}; where all weights are tuned, steps are a hundredth of an adapter's"
        )
    rank = next((rank for most, rank in _RANKS if rows < most), 32)
    if params is None:
        rate = _UNKNOWN_RATE
    else:
        rate = next((rate for most, rate in _RATES if params < most), _LARGE_RATE)
    return TrainingAdvice(epochs, rate, rank, why)
