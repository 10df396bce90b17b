"""A body of POST /v1/completions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from distill.host.serving.calls import parameters, sampling
from distill.host.serving.calls.parameters import Body
from distill.host.serving.engine import ModelQuestion
from distill.protocol.error import ApiError
from distill.records import Json

_MOST_PROMPTS = 128
_USUAL_TOKENS = 16
"""Of an answer that sets no limit, as in the public API."""
_REFUSED: Mapping[str, str] = {"suffix": "the models here write on, not in between"}
_NAMES = sampling.NAMES | _REFUSED.keys() | {"prompt", "echo", "best_of"}

Prompt = str | Sequence[int]


@dataclass(frozen=True, slots=True)
class TextCall:
    """One call: the questions, one for each prompt, each to be answered `n` times."""

    model: str
    questions: Sequence[ModelQuestion]
    n: int = 1
    echo: bool = False
    stream: bool = False
    include_usage: bool = False


def text_call(body: Body) -> TextCall:
    """The call of a body; ApiError names what is wrong with it."""
    parameters.known(body, _NAMES)
    model = parameters.model(body)
    parameters.refused(body, _REFUSED)
    n, logprobs, echo = (
        sampling.choices(body),
        parameters.whole(body, "logprobs", low=0, high=5),
        parameters.flag(body, "echo"),
    )
    if (best := parameters.whole(body, "best_of", low=0, high=20)) not in (None, n, 1):
        raise ApiError(
            f"'best_of' is {best}: nothing here ranks answers; leave it out, or let it be 'n'.", param="best_of"
        )
    if echo and logprobs is not None:
        raise ApiError("'logprobs' are those of what is written, not of the prompt; leave 'echo' out.", param="echo")
    most = parameters.whole(body, "max_tokens", low=0, high=sampling.MOST_TOKENS)
    asked = ModelQuestion(
        max_tokens=_USUAL_TOKENS if most is None else most, logprobs=logprobs, **sampling.sampling(body)
    )
    stream = parameters.flag(body, "stream")
    return TextCall(
        model, [replace(asked, prompt=prompt) for prompt in _prompts(body)], n, echo, stream,
        parameters.include_usage(body, stream=stream),
    )  # fmt: skip


def _prompts(body: Body) -> Sequence[Prompt]:
    given = body.get("prompt")
    if given is None:
        raise parameters.missing("prompt")
    return texts(given, "prompt", most=_MOST_PROMPTS)


def texts(given: Json, name: str, *, most: int) -> Sequence[Prompt]:
    """A text or a list of token ids, or a list of either."""
    found: Sequence[Prompt] = [given] if isinstance(given, str) or _ids(given) else given
    if not isinstance(found, list) or not found or not all(isinstance(one, str) or _ids(one) for one in found):
        raise parameters.wrong_type(name, "a string, an array of strings or an array of token ids", given)
    if len(found) > most:
        raise ApiError(
            f"Invalid '{name}': array too long. Expected an array with maximum length {most}, but got an array with length {len(found)} instead.",
            code="array_above_max_length", param=name,
        )  # fmt: skip
    return found


def _ids(given: Json) -> bool:
    if not isinstance(given, list) or not given:
        return False
    return all(isinstance(one, int) and not isinstance(one, bool) and 0 <= one < 2**31 for one in given)
