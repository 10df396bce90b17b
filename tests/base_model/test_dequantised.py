"""The embedded model as a base that can be trained, and as what serves what was trained."""

import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from distill.base_model.dequantised import dequantised, tokeniser
from distill.errors import UsageError

PROMPTS = ("The capital of France is", "Two and two make", "Once upon a time", "def main():")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no GGUF file at .*none\.gguf"):
        dequantised(tmp_path / "none.gguf", tmp_path / "bases")


def test_threads_that_ask_at_once(tmp_path: Path) -> None:
    """As the first questions to a host do."""
    from distill.teacher.engines import embedded

    with ThreadPoolExecutor(3) as at_once:
        made = list(at_once.map(lambda _: tokeniser(embedded.gguf(), tmp_path), range(3)))
    assert len(set(made)) == 1
    assert [one.name for one in tmp_path.iterdir()] == [made[0].name]


def served(adapter: Path | None) -> list[tuple[int, float]]:
    """For each prompt the next token that llama.cpp likes best, with its log-probability."""
    from distill.teacher.engines import embedded, llama_cpp

    found = []
    with llama_cpp.serve(embedded.gguf(), embedded.MODEL, context=1024, adapter=adapter) as url:
        for prompt in PROMPTS:
            body = {"prompt": prompt, "n_predict": 1, "temperature": 0, "n_probs": 1}
            request = urllib.request.Request(  # noqa: S310 - our own server, on loopback
                url.removesuffix("/v1") + "/completion", json.dumps(body).encode(), {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request) as reply:  # noqa: S310 - our own server, on loopback
                best = json.load(reply)["completion_probabilities"][0]["top_logprobs"][0]
            found.append((best["id"], best["logprob"]))
    return found


@pytest.mark.slow
def test_llama_cpp_answers_as_the_base_and_the_adapter_that_was_trained(tmp_path: Path) -> None:
    """Four bits beside thirty-two are not equal to the last digit; an adapter applied wrongly is far off."""
    torch: Any = pytest.importorskip("torch", reason="the training extra is not installed")
    pytest.importorskip("xllamacpp", reason="the embedded extra is not installed")
    from peft import get_peft_model_state_dict
    from transformers import AutoTokenizer

    from distill.base_model.quiet import quiet
    from distill.student.trainers.adapter_weights import save_adapter, with_adapter
    from distill.student.trainers.fine_tuning import TuningSettings
    from distill.student.trainers.gguf import to_gguf
    from distill.teacher.engines import embedded

    base = dequantised(embedded.gguf(), tmp_path / "bases")
    assert dequantised(embedded.gguf(), tmp_path / "bases") == base
    assert {path.name for path in (tmp_path / "bases").iterdir()} == {base.name, f"{base.name}-reading"}

    torch.manual_seed(0)  # the adapter's other half is drawn when it is made
    with quiet():
        model = with_adapter(base, TuningSettings(rank=4, alpha=8, layers=None)).float()
    tokenizer = AutoTokenizer.from_pretrained(base)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.4)
    file = to_gguf(
        save_adapter(model, get_peft_model_state_dict(model), tmp_path / "adapter"), base, tmp_path / "a.gguf"
    )

    def logprobs() -> list[Any]:
        asked = [tokenizer(prompt, return_tensors="pt", add_special_tokens=False) for prompt in PROMPTS]
        with torch.no_grad():
            return [model(**one).logits[0, -1].log_softmax(-1) for one in asked]

    def apart(ours: list[Any], answers: list[tuple[int, float]]) -> list[float]:
        return [abs(float(one[token]) - logprob) for one, (token, logprob) in zip(ours, answers, strict=True)]

    tuned, alone = logprobs(), served(None)
    with_adapter, without = apart(tuned, served(file)), apart(tuned, alone)
    assert max(with_adapter) < 0.7, with_adapter
    assert max(without) > 6 * max(with_adapter), (without, with_adapter)
    with model.disable_adapter():
        assert max(apart(logprobs(), alone)) < 0.5


@pytest.mark.slow
def test_tokeniser_of_a_gguf_file_comes_with_its_config(read_gguf: Path) -> None:
    """Before, a GGUF file of one's own could not be a base: how many tokens it reads was looked for and not there."""
    from distill.base_model import load, local
    from distill.base_model.dequantised import tokeniser
    from distill.student.preflight import shape
    from distill.teacher.engines import embedded

    folder = tokeniser(embedded.gguf(), read_gguf)
    assert [path.name for path in read_gguf.iterdir()] == [folder.name]
    assert local.context_of(folder) == 8192
    assert load.tokeniser(folder).eos_token == "<|im_end|>"
    found = shape.of_folder(folder)
    assert found is not None
    assert found.params == pytest.approx(134_515_008, rel=0.001)
