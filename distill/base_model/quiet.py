"""The training stack without its talk: bars on a stderr that is the panel's, warnings of its own renames."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Inside, no progress bar is drawn and no rename inside the stack is announced."""
    from transformers import modeling_gguf_pytorch_utils as reading
    from transformers.utils import logging

    bars, bar = logging.is_progress_bar_enabled(), reading.tqdm
    logging.disable_progress_bar()
    reading.tqdm = lambda rows, **_: rows  # this one bar heeds no setting
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=FutureWarning, module=r"(transformers|trl|peft)\.")
            yield
    finally:
        reading.tqdm = bar
        if bars:
            logging.enable_progress_bar()
