"""Every format that `distill export --format` writes, in one table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from distill.errors import UsageError
from distill.records import Json
from distill.student.formats import alpaca, axolotl, llamafactory, openai, preference, sharegpt, trl
from distill.student.formats.row import PreferenceRow, TrainingRow
from distill.text.normalise import did_you_mean


def _nothing(_written: Collection[str]) -> Mapping[str, bytes]:
    return {}


@dataclass(frozen=True, slots=True)
class RowFormat:
    """`row` or `pair` makes one row of a file; `beside` what else stands beside the files written. `hub` has a writer of its own."""

    about: str
    row: Callable[[TrainingRow], dict[str, Json]] | None = None
    pair: Callable[[PreferenceRow], dict[str, Json]] | None = None
    beside: Callable[[Collection[str]], Mapping[str, bytes]] = _nothing


HUB = "hub"
FORMATS: Mapping[str, RowFormat] = {
    "openai": RowFormat("chat rows for OpenAI's protocol, Together and most trainers", openai.row),
    "openai-preference": RowFormat("preference pairs for OpenAI's method dpo", pair=preference.openai_row),
    "trl": RowFormat("prompt and completion for TRL's SFTTrainer", trl.row),
    "trl-preference": RowFormat("prompt, chosen, rejected for TRL's DPOTrainer", pair=preference.trl_row),
    "sharegpt": RowFormat("conversations of from and value", sharegpt.row),
    "alpaca": RowFormat("instruction, input, output, system, history", alpaca.row),
    "llamafactory": RowFormat("sharegpt with dataset_info.json", sharegpt.row, beside=llamafactory.beside),
    "axolotl": RowFormat("chat rows with axolotl's datasets block", axolotl.row, beside=axolotl.beside),
    HUB: RowFormat("Parquet and a card, laid out as a hub dataset"),
}
"""Name → format, in the order in which they are listed."""


def named(given: Collection[str]) -> list[str]:
    """The names of formats, each once and as `a,b` too; UsageError with the known ones for any other."""
    names = [name.strip() for text in given for name in text.split(",")]
    for name in names:
        if name not in FORMATS:
            known = f"known formats: {', '.join(FORMATS)}"
            near = did_you_mean(name, FORMATS)
            raise UsageError(f"--format {name!r}: {known}{near if 'did you mean' in near else ''}")
    return list(dict.fromkeys(names))
