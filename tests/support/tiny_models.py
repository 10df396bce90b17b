"""Models of two layers with random weights, one of each family, with the chat template that its family really has.

The templates are those that TRL ships; the tokenisers hold the bytes and the special tokens that the template writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FAMILIES: dict[str, tuple[str, str]] = {
    "llama": ("LlamaConfig", "llama3_2"),
    "qwen3": ("Qwen3Config", "qwen3"),
    "gemma3": ("Gemma3TextConfig", "gemma"),  # a template without a system role
    "mistral": ("MistralConfig", "mistral"),
    "phi3": ("Phi3Config", "phi3"),
    "granite": ("GraniteConfig", "granite"),
    "gptneox": ("GPTNeoXConfig", "chatml"),
}
"""Family → the config of its architecture, and the name of its template."""
WRITTEN = {
    "mistral": "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}[INST] {{ message['content'] }} [/INST]"
    "{% elif message['role'] == 'assistant' %}{{ message['content'] }}{{ eos_token }}{% else %}"
    "{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}",
    "granite": "{% for message in messages %}<|start_of_role|>{{ message['role'] }}<|end_of_role|>{{ message['content'] }}<|end_of_text|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|start_of_role|>assistant<|end_of_role|>{% endif %}",
    "chatml": "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
}
"""Templates that TRL does not ship."""
_SPECIAL = re.compile(r"<\|?[a-z_▁]+\|?>|<[|｜][\w▁]+[|｜]>|\[/?[A-Z_]+\]|<(?:start|end)_of_turn>|</?think>")


def template(name: str) -> str:
    """A chat template by its name."""
    if name in WRITTEN:
        return WRITTEN[name]
    trl = pytest.importorskip("trl", reason="the training extra is not installed")
    text: str = (Path(trl.__file__).parent / "chat_templates" / f"{name}.jinja").read_text()
    return text


def tokenizer(text: str) -> Any:
    """A tokeniser of bytes, which knows the special tokens that the template names."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    found = Tokenizer(models.BPE(vocab={symbol: i for i, symbol in enumerate(["<s>", "</s>", *alphabet])}, merges=[]))
    found.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    found.decoder = decoders.ByteLevel()
    specials = sorted(set(_SPECIAL.findall(text)) - {"<s>", "</s>"})
    found.add_special_tokens([AddedToken(token, special=True) for token in ("<s>", "</s>", *specials)])
    fast = PreTrainedTokenizerFast(tokenizer_object=found, bos_token="<s>", eos_token="</s>", pad_token="</s>")
    fast.chat_template = text
    return fast


@pytest.fixture(scope="session")
def tiny_family(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Family → the folder of its model, made once."""
    made: dict[str, Path] = {}

    def folder(family: str) -> Path:
        if family not in made:
            made[family] = _saved(family, tmp_path_factory.mktemp(family))
        return made[family]

    return folder


def _saved(family: str, folder: Path) -> Path:
    torch = pytest.importorskip("torch", reason="the training extra is not installed")
    import transformers

    kind, name = FAMILIES[family]
    tokens = tokenizer(template(name))
    tokens.save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {
        "vocab_size": len(tokens), "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "max_position_embeddings": 1024, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1,
    }  # fmt: skip
    more = {
        "gemma3": {"head_dim": 16, "query_pre_attn_scalar": 16},
        "qwen3": {"head_dim": 16},
        "granite": {"logits_scaling": 4.0},
    }
    config = getattr(transformers, kind)(**sizes, **more.get(family, {}))
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder
