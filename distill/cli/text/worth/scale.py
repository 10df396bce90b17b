"""The sums of `distill scale` as a table: all rows beside a sample of them, each line with its formula."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from distill.advise.scale.rates import RATES
from distill.advise.scale.sums import BANDS, NUMBERS, counted, sample_for
from distill.cli.text.worth.roi import number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from distill.advise.scale.sums import Load, ScaleSums

_NAME, _COLUMN = 31, 24
_SHARES = (1e-2, 1e-4, 1e-6)
_RARE, _LEAST = 1e-4, 100


def scale_lines(load: Load, found: Sequence[ScaleSums], rates: Mapping[str, float]) -> list[str]:
    """A column for all rows, and one for a sample where there is one."""
    heads = [f"all {count(found[0].rows)} rows", *(f"a sample of {count(one.rows)}" for one in found[1:])]
    lines = [_row("", heads).rstrip()]
    lines += [_row(name, [say(one) for one in found]).rstrip() for name, say in _LINES]
    lines += ["", *_strata(found)]
    lines += [
        "",
        f"a call reads {count(load.prompt_tokens)} tokens and writes {count(load.answer_tokens)}, {count(load.draws)} a row; the rates:",
    ]
    return [*lines, *(f"  {_rate(name, rates[name])}" for name in RATES)]


def count(value: float) -> str:
    """1,000,000 and 12.5."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.4g}"


def size(value: float) -> str:
    """Bytes in units of a thousand, as disks are sold."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:,.3g} PB"


def hours(value: float) -> str:
    """Hours of cores or GPUs; what is short in minutes or seconds."""
    if value * 3600 < 100:
        return f"{value * 3600:.0f} s"
    return f"{value * 60:.0f} min" if value < 2 else f"{value:,.0f} h"


def usd(value: float | None) -> str:
    """Dollars in whole ones from ten on; unknown is said, and never $0."""
    if value is None:
        return "unknown (--price)"
    return f"${value:,.0f}" if value >= 10 else f"${value:.2f}"


_LINES: tuple[tuple[str, Callable[[ScaleSums], str]], ...] = (
    ("logs as JSON Lines", lambda one: size(one.jsonl_bytes)),
    ("the same as Parquet", lambda one: size(one.parquet_bytes)),
    ("reading them once", lambda one: f"{hours(one.read_core_hours)} of a core"),
    ("sketches for near-duplicates", lambda one: f"{hours(one.sketch_core_hours)} of a core"),
    (f"  {NUMBERS} numbers a row", lambda one: size(one.sketch_bytes)),
    (f"  {BANDS} band keys, shuffled", lambda one: size(one.band_bytes)),
    ("curation, all steps", lambda one: f"{hours(one.curate_core_hours)} of a core"),
    ("  in dollars", lambda one: usd(one.curate_usd)),
    ("  memory, if not streamed", lambda one: size(one.curate_bytes)),
    ("  goes by", lambda one: one.curate_way),
    ("teacher: tokens read", lambda one: _tokens(one.prompt_tokens)),
    ("teacher: tokens written", lambda one: _tokens(one.answer_tokens)),
    ("  by an API, live", lambda one: usd(one.live_usd)),
    ("  by its batch API", lambda one: f"{usd(one.batch_usd)} in {one.batch_files:,} file{'s' if one.batch_files > 1 else ''}"),
    ("  on GPUs of one's own", lambda one: f"{hours(one.gpu_hours)}, {usd(one.gpu_usd)}"),
    ("  goes by", lambda one: one.teacher_way),
)  # fmt: skip


def _row(name: str, cells: Sequence[str]) -> str:
    return f"{name:<{_NAME}}" + "".join(f"{cell:>{_COLUMN}}" for cell in cells)


def _tokens(value: float) -> str:
    for unit, of in (("trillion", 1e12), ("billion", 1e9), ("million", 1e6)):
        if value >= of:
            return f"{value / of:,.4g} {unit}"
    return f"{value:,.0f}"


def _strata(found: Sequence[ScaleSums]) -> list[str]:
    """What a sample still holds of rare kinds of rows."""
    if len(found) == 1:
        enough = sample_for(_RARE, _LEAST)
        return [
            f"a random sample of {enough:,.0f} rows holds at least {_LEAST} of a kind of row that is 1 in {round(1 / _RARE):,}; "
            "--sample says what it takes"
        ]
    rows = found[1].rows
    said = []
    for share in _SHARES:
        low, high = counted(rows, share)
        said.append(f"1 in {round(1 / share):,}: {low:,.0f} to {high:,.0f}")
    return [f"in the sample stand, of a kind of row that is {'; '.join(said)} rows"]


def _rate(name: str, value: float) -> str:
    known = RATES[name]
    source = known.source if value == known.value else "given"
    return f"{name} = {number(value)} {known.unit}  [{source}]"
