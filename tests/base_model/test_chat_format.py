"""What a base reads and has to write, by the chat templates that families of models really have."""

from __future__ import annotations

from typing import Any

import pytest
import tiny_models

from distill.base_model.chat_format import FormatError, chat_format
from distill.base_model.tokenise import IGNORED, tokens_of

TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "hi there"},
    {"role": "assistant", "content": ' {"a": 1}\n'},
]
LEADS = {
    "deepseek_r1_distill": "</think>\n\n",  # it opens a thought whatever it is told
    "gptoss": "<|channel|>final<|message|>",
    "glm4moe": "\n",
    "muse_glimmer": " to=user<|message|>",
}
"""What stands between a template's prompt and the answer."""
ENDS = {
    "llama3_2": "<|eot_id|>", "qwen3": "<|im_end|>", "gemma": "<end_of_turn>", "gemma3": "<end_of_turn>", "phi3": "<|end|>",
    "cohere2": "<|END_RESPONSE|><|END_OF_TURN_TOKEN|>", "mistral": "</s>", "granite": "<|end_of_text|>", "chatml": "<|im_end|>",
    "qwen3_5_think": "<|im_end|>", "deepseek_r1_distill": "<｜end▁of▁sentence｜>", "gptoss": "<|return|>", "lfm2": "<|im_end|>",
    "nemotron_3_nano": "<|im_end|>", "glm4moe": "</s>", "muse_glimmer": "<|eot|>",
}  # fmt: skip


@pytest.mark.parametrize("name", ENDS)
def test_the_answer_trains_as_it_will_be_asked(name: str) -> None:
    """The ids of the prompt are those of inference; those that carry loss are the answer as it is, and its end, once."""
    tokenizer = tiny_models.tokenizer(tiny_models.template(name))
    row = tokens_of(TURNS, tokenizer)
    learnt = [token for token in row.labels if token != IGNORED]
    written = tokenizer.decode(learnt, skip_special_tokens=False)
    assert written == LEADS.get(name, "") + TURNS[-1]["content"] + ENDS[name]
    asked = tokenizer(chat_format(tokenizer).prompt(TURNS[:-1]), add_special_tokens=False)["input_ids"]
    assert row.input_ids == asked + learnt
    stops = chat_format(tokenizer).stops
    assert learnt[-1] in stops
    assert sum(token in stops for token in learnt) == 1
    assert asked.count(tokenizer.bos_token_id) <= 1, "one beginning, not two"


@pytest.mark.parametrize("name", ["gemma", "mistral"])
def test_a_template_without_a_system_role_reads_it_before_the_first_turn(name: str) -> None:
    tokenizer = tiny_models.tokenizer(tiny_models.template(name))
    assert "Be brief.\n\nhi there" in chat_format(tokenizer).prompt(TURNS[:-1])
    alone = chat_format(tokenizer).prompt(TURNS[:1])
    assert "Be brief." in alone


def test_thinking_is_off_where_the_template_can() -> None:
    tokenizer = tiny_models.tokenizer(tiny_models.template("qwen3"))
    assert chat_format(tokenizer).prompt(TURNS[:-1]).endswith("<think>\n\n</think>\n\n")


def test_the_day_is_the_same_every_day() -> None:
    """Llama's template writes today's date where it is given none."""
    tokenizer = tiny_models.tokenizer(tiny_models.template("llama3_2"))
    assert "Today Date: 26 Jul 2024" in chat_format(tokenizer).prompt(TURNS[:-1])


def test_calls_of_tools_are_written_by_the_template() -> None:
    tokenizer = tiny_models.tokenizer(tiny_models.template("qwen3"))
    tools = [
        {"type": "function", "function": {"name": "look_up", "description": "d", "parameters": {"type": "object"}}}
    ]
    call = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": {"city": "Oslo"}}}
    turns = [*TURNS[:-1], {"role": "assistant", "content": "", "tool_calls": [call]}]
    written = chat_format(tokenizer).answer(turns, tools)
    assert '"name": "look_up"' in written
    assert written.endswith("<|im_end|>")
    assert "look_up" in chat_format(tokenizer).prompt(turns[:-1], tools)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (None, "has no chat template; name a file"),
        ("{{ messages[9].content.x.y }}", "the chat template refuses the turns"),
        ("{% for message in messages %}{{ message.content | upper }}{% endfor %}", "writes no answer"),
        ("{% for m in messages %}{{ m.role }}:{{ m.content }}{% endfor %}{% if add_generation_prompt %}bot>{% endif %}", "does not begin where"),
    ],
)  # fmt: skip
def test_a_template_that_cannot_be_trained_on_is_refused(template: Any, said: str) -> None:
    tokenizer = tiny_models.tokenizer(tiny_models.template("chatml"))
    tokenizer.chat_template = template
    with pytest.raises(FormatError, match=said):
        chat_format(tokenizer).answer(TURNS)


def test_a_tokeniser_that_ends_nothing_is_refused() -> None:
    tokenizer = tiny_models.tokenizer(tiny_models.template("chatml"))
    tokenizer.chat_template = "{% for m in messages %}{{ m.role }}:{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"
    assert chat_format(tokenizer).end == "</s>"
    chat_format.cache_clear()
    tokenizer.eos_token = None
    with pytest.raises(FormatError, match="what ends an answer"):
        chat_format(tokenizer)
