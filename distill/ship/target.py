"""What a student is shipped as: `merged`, `gguf`, `gguf:q8_0`, `ollama`, `ollama:q8_0`, `vllm`, `adapter`."""

from __future__ import annotations

from dataclasses import dataclass

from distill.errors import UsageError
from distill.text.normalise import did_you_mean

FORMS = ("adapter", "merged", "gguf", "ollama", "vllm")
OWN = ("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0")
"""Quantisations that are written here."""
BY_LLAMA_CPP = ("q6_k", "q5_k_m", "q5_k_s", "q4_k_m", "q4_k_s", "q3_k_m", "q3_k_s", "q2_k", "iq4_xs", "iq4_nl")
"""Those that llama.cpp's own llama-quantize writes; the larger of them are written here where xllamacpp is (`k_quants`)."""


@dataclass(frozen=True, slots=True)
class Target:
    """A form, and for a GGUF file how its weights are stored."""

    form: str
    quantisation: str = "f16"


def target_of(given: str) -> Target:
    """What `--as` says; UsageError names what there is."""
    form, _, quantisation = given.strip().lower().partition(":")
    if form not in FORMS:
        raise UsageError(f"--as {given}: no such form{did_you_mean(form, FORMS)}; there are {', '.join(FORMS)}")
    if not quantisation:
        return Target(form)
    if form not in ("gguf", "ollama"):
        raise UsageError(f"--as {given}: only gguf and ollama are quantised; write --as {form}")
    if quantisation not in OWN + BY_LLAMA_CPP:
        raise UsageError(
            f"--as {given}: no quantisation {quantisation!r}{did_you_mean(quantisation, OWN + BY_LLAMA_CPP)}; "
            f"there are {', '.join(OWN + BY_LLAMA_CPP)}"
        )
    return Target(form, quantisation)
