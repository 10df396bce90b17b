"""How fast this machine trains: as an earlier training of the same base did, or by a matrix product here and now."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

_LOOKED_AT = 50
"""Runs, the newest first."""
_SIZE, _TIMES = 768, 4


@dataclass(frozen=True, slots=True)
class Speed:
    """One of the two, and where it is from."""

    says: str
    tokens_per_second: float | None = None
    flops: float | None = None


def earlier(home: Path, base: str, layers: int | None) -> Speed | None:
    """The rate of the newest run under `home` that trained this base; one with as many layers comes first. None where none did."""
    curves = sorted(home.glob("runs/*/*/student/loss.json"), key=_written, reverse=True)[:_LOOKED_AT]
    other = None
    for curve in curves:
        run = curve.parents[1]
        train, rate = _train(run / "spec.json"), _rate(curve)
        if rate is None or train.get("with") != "lora" or train.get("base") != base:
            continue
        same = train.get("layers") == layers
        says = f"at the {rate:,.0f} tokens a second of run {run.parent.name}/{run.name}"
        if same:
            return Speed(says, rate)
        other = other or Speed(f"{says}, which trained {train.get('layers') or 'all'} layers", rate)
    return other


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _train(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_bytes())["spec"]["student"]["train"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _rate(curve: Path) -> float | None:
    """Tokens a second over a whole training; a host's curve has neither."""
    try:
        last = json.loads(curve.read_bytes())[-1]
        return float(last["tokens"]) / float(last["seconds"])
    except (OSError, ValueError, KeyError, TypeError, IndexError, ZeroDivisionError):
        return None


def measured() -> Speed:
    """The operations a second of a matrix product in the precision that would train; a tenth of a second. On a CPU it is the
    time of its own threads that counts: what else runs now need not run then.
    """
    import torch

    from distill.base_model import load

    device, dtype = ("cuda" if torch.cuda.is_available() else "cpu"), load.native_dtype()
    size = 8 * _SIZE if device == "cuda" else _SIZE
    threads, clock = (1, time.perf_counter) if device == "cuda" else (torch.get_num_threads(), time.process_time)
    one = torch.ones(size, size, dtype=dtype, device=device)
    best = float("inf")
    for _ in range(_TIMES):
        began = clock()
        float((one @ one)[0, 0])  # waits for an accelerator
        best = min(best, clock() - began)
    flops = 2 * size**3 * threads / max(best, 1e-6)
    where = torch.cuda.get_device_name() if device == "cuda" else "this CPU"
    return Speed(
        f"half of the {flops / 1e9:,.0f} GFLOP/s of a matrix product on {where} with nothing beside it, give or take a factor of 2",
        flops=flops,
    )
