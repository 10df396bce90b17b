"""What an adapter goes on, found in the model itself: the linear maps of its last decoder layers, whatever they are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.base_model.tokenise import TrainError

if TYPE_CHECKING:
    from torch.nn import Module
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True)
class AdapterTargets:
    """As peft names them: `modules` by the end of their names, in `layers` of the list `pattern`."""

    modules: tuple[str, ...]
    layers: tuple[int, ...]
    pattern: str


def targets_of(model: PreTrainedModel, last: int | None) -> AdapterTargets:
    """The linear maps of the `last` decoder layers (None: of all), or TrainError where none is found."""
    from torch.nn import Linear

    name, layers = _decoder_layers(model)
    depth = len(list(layers.children()))
    first = depth - min(last or depth, depth)
    found = {
        path.rpartition(".")[2]
        for layer in list(layers.children())[first:]
        for path, module in layer.named_modules()
        if isinstance(module, Linear) or type(module).__name__ in ("Conv1D", "Linear4bit", "Linear8bitLt")
    }
    if not found:
        raise TrainError(
            f"no linear map is found in the decoder layers of {type(model).__name__}, so there is nothing that LoRA could tune"
        )
    return AdapterTargets(tuple(sorted(found)), tuple(range(first, depth)), name)


def _decoder_layers(model: PreTrainedModel) -> tuple[str, Module]:
    """The list of the decoder's layers with its own name: the longest list of modules of one kind."""
    from torch.nn import ModuleList

    lists = [
        (path.rpartition(".")[2], module)
        for path, module in model.named_modules()
        if isinstance(module, ModuleList) and len(module)
    ]
    if not lists:
        raise TrainError(
            f"{type(model).__name__} has no list of layers, so it cannot be tuned with LoRA here; try another base"
        )
    return max(lists, key=lambda found: len(found[1]))
