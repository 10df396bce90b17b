"""The weights of an adapter: put on a base afresh or as an earlier one has them, and written as peft reads them."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from distill.base_model import load
from distill.base_model.tokenise import TrainError
from distill.student.trainers.targets import targets_of

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor


class AdapterSettings(Protocol):
    """What of a training's settings makes its adapter."""

    @property
    def rank(self) -> int: ...
    @property
    def alpha(self) -> int: ...
    @property
    def layers(self) -> int | None: ...
    @property
    def dropout(self) -> float: ...
    @property
    def bits(self) -> int | None: ...
    @property
    def recompute(self) -> bool: ...
    @property
    def begin(self) -> str: ...


def with_adapter(base: Path, settings: AdapterSettings) -> PeftModel:
    """The base, frozen, with fp32 LoRA weights on every linear map of its last layers: fresh ones, or those of an earlier adapter."""
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

    model = load.model(base, bits=settings.bits)
    if settings.bits is not None:
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=settings.recompute)
    targets = targets_of(model, settings.layers)
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        target_modules=list(targets.modules),
        layers_to_transform=list(targets.layers),
        layers_pattern=targets.pattern,
        task_type="CAUSAL_LM",
        lora_dropout=settings.dropout,
    )
    adapted = without_cards(get_peft_model(model, config))
    if settings.begin:
        _begun_with(adapted, Path(settings.begin))
    return adapted


def without_cards(model: PeftModel) -> PeftModel:
    """The model, whose checkpoints get no README: nobody reads it, and writing it takes a third of a small training."""
    model.create_or_update_model_card = lambda _folder: None
    return model


def _begun_with(model: PeftModel, path: Path) -> None:
    """Put an earlier adapter's weights in; TrainError where it is of another base, or of other layers or rank."""
    from peft import get_peft_model_state_dict, set_peft_model_state_dict
    from safetensors.torch import load_file

    weights, own = load_file(path), get_peft_model_state_dict(model)
    shapes = [{name: tuple(one.shape) for name, one in some.items()} for some in (weights, own)]
    if shapes[0] != shapes[1]:
        raise TrainError(
            f"{path} is an adapter of another base, rank or choice of layers, and this one cannot begin with it; train afresh "
            "(student.train.from: fresh), or set base, rank and layers as its run had them"
        )
    set_peft_model_state_dict(model, weights)


def save_adapter(model: PeftModel, weights: Mapping[str, Tensor], folder: Path) -> Path:
    """The adapter as peft reads it, whole or not at all; NaN weights are refused."""
    from safetensors.torch import save_file

    bad = sorted(name for name, tensor in weights.items() if not tensor.isfinite().all())
    if bad or not weights:
        raise TrainError(f"{len(bad)} of {len(weights)} adapter tensors are not finite, first {bad[:1]}; nothing kept")
    aside = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    save_file(dict(weights), aside / "adapter_model.safetensors")
    config = copy.copy(model.peft_config["default"])  # the training goes on with its own
    config.base_model_name_or_path = Path(config.base_model_name_or_path).name  # not where this machine has it
    config.save_pretrained(aside)
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)
    return folder
