"""LLaMA-Factory: the rows as ShareGPT, with the dataset_info.json that says which column is what.

    dataset: distill_train          in its training file, with dataset_dir: this folder

`mask_history: true` belongs into a training file where rows are conversations: only the last answer is the teacher's.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from distill.records import Json

NAMES = {"train.jsonl": "distill_train", "valid.jsonl": "distill_valid"}
"""File → what a training file calls it."""


def beside(written: Collection[str]) -> dict[str, bytes]:
    """dataset_info.json for the files that were written."""
    info = {name: {"file_name": file, **_map()} for file, name in NAMES.items() if file in written}
    return {"dataset_info.json": (json.dumps(info, indent=2) + "\n").encode()}


def _map() -> dict[str, Json]:
    return {
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "tools": "tools"},
        "tags": {
            "role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt",
            "observation_tag": "observation", "function_tag": "function_call", "system_tag": "system",
        },
    }  # fmt: skip
