"""axolotl: chat rows, with the block of its config that reads them (`type: chat_template`).

A turn's weight decides whether it trains (`message_field_training`); without one an assistant's turn does and no other. Tools are JSON
in a text, since a table has one schema and theirs differ.
"""

from __future__ import annotations

from collections.abc import Collection

import yaml

from distill.records import Json
from distill.student.formats import trl
from distill.student.formats.row import TrainingRow

CONFIG = "datasets.yaml"
_KEYS = {"train.jsonl": "datasets", "valid.jsonl": "test_datasets"}


def row(given: TrainingRow) -> dict[str, Json]:
    return {"messages": list(given.messages), **trl.tools(given)}


def datasets(written: Collection[str]) -> dict[str, Json]:
    """The keys of a config that name the data; paths are beside the config."""
    return {key: [_dataset(file)] for file, key in _KEYS.items() if file in written}


def beside(written: Collection[str]) -> dict[str, bytes]:
    """The block as a config of its own, to be taken into another."""
    head = "# For an axolotl config beside these files; `distill export --config axolotl` writes a whole one.\n"
    return {CONFIG: (head + yaml.safe_dump(datasets(written), sort_keys=False)).encode()}


def _dataset(file: str) -> dict[str, Json]:
    return {
        "path": file,
        "ds_type": "json",
        "split": "train",  # axolotl's word for all of a file
        "type": "chat_template",
        "field_messages": "messages",
        "field_tools": "tools",
        "message_property_mappings": {"role": "role", "content": "content"},
        "message_field_training": "weight",
        "roles_to_train": ["assistant"],
        "train_on_eos": "turn",
    }
