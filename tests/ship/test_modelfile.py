"""Ollama's template writes what the base's own template writes."""

from __future__ import annotations

import pytest
import tiny_models

from distill.base_model.chat_format import chat_format
from distill.ship.modelfile import modelfile, pieces_of
from distill.ship.student import TunedStudent


@pytest.mark.parametrize(
    "name", ["llama3_2", "qwen3", "gemma", "gemma3", "mistral", "phi3", "granite", "chatml", "lfm2"]
)
def test_the_pieces_make_the_prompt(name: str) -> None:
    """With a system text and without one."""
    tokenizer = tiny_models.tokenizer(tiny_models.template(name))
    format_ = chat_format(tokenizer)
    bos = (
        tokenizer.bos_token
        if format_.prompt([{"role": "user", "content": "x"}]).startswith(tokenizer.bos_token)
        else ""
    )
    pieces = pieces_of(format_, bos)
    user = {"role": "user", "content": "Where is it?"}
    both = format_.prompt([{"role": "system", "content": "Be brief."}, user])
    assert (
        bos
        + pieces.before_system
        + "Be brief."
        + pieces.after_system
        + pieces.before_prompt
        + "Where is it?"
        + pieces.after_prompt
        == both
    )
    alone = bos + pieces.without_system + pieces.before_prompt + "Where is it?" + pieces.after_prompt
    assert alone == format_.prompt([user])


def test_the_file_names_the_weights_the_task_and_what_ends_an_answer(tiny_student: TunedStudent) -> None:
    text = modelfile(tiny_student, chat_format(tiny_models.tokenizer(tiny_models.template("chatml"))), "mood.gguf")
    assert text.startswith("FROM ./mood.gguf\n")
    assert 'SYSTEM """Say the mood."""' in text
    assert 'PARAMETER stop "<|im_end|>"' in text
    assert "{{ .Prompt }}<|im_end|>\n<|im_start|>assistant\n{{ .Response }}<|im_end|>" in text
