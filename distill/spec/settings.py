"""What every group of settings has in common: it is strict, and it notes which of its settings are read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticKnownError

from distill import reads, url
from distill.records import Json
from distill.secrets import withheld

SENDING = frozenset(
    {
        "budget", "deadline", "limits", "mode", "batch", "key_env", "headers", "price", "tuned_price", "train_price", "poll_s", "timeout_s",
        "track", "registry", "refresh", "monitor", "shutdown_date", "each_address",
    }
)  # fmt: skip
"""Settings, wherever they stand, that change what a run costs or how and when it is sent, and no answer: no stage runs again
for one, but for the report, which shows some of them."""
SEVERAL = "several endpoints"
"""What a list of endpoints is to a stage: which ones they are, and in what order they stand, changes no answer."""
_NEVER = "headers"
"""May hold what only looks harmless: no trace of it is kept."""
_NAMES = "_names"
"""Field → the name under which its reads are noted; kept beside the fields, where pydantic compares and dumps nothing."""
_GIVEN = ":given"
"""Stands for which settings of a group are spelled out."""

NAME_OF_A_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"


Share = Annotated[float, Field(ge=1e-6, lt=1)]
PositiveInt = Annotated[int, Field(ge=1, le=2**31 - 1)]
Seconds = Annotated[float, Field(ge=0, le=1e7)]
WaitSeconds = Annotated[float, Field(ge=0.01, le=1e6)]
"""Seconds of a deadline, or between two looks: a hundredth is for rehearsals, less is a slip."""
Draws = Annotated[int, Field(ge=1, le=1000)]
"""Answers to one question; more is a slip, and would fill the memory before the first is asked."""
Dollars = Annotated[float, Field(ge=0, le=1e6)]


_LONGEST = 4000
_QUOTES = "\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("nothing stands in it; write it, or take the key out")
    if len(text) > _LONGEST:
        raise ValueError(f"expected a name of at most {_LONGEST:,} characters")
    return text


NonBlank = Annotated[str, AfterValidator(_said)]
"""A text that is not blank."""


def _model(name: str) -> str:
    if variable := url.unfilled(name):
        raise ValueError(
            f"nothing fills in {variable}; write the model's name, or let the shell do it: --set teacher.model=$MODEL"
        )
    if name != name.strip() or not name.isprintable():
        raise ValueError("a blank or a control character around or in it; write the model's name as its host does")
    if name.strip(_QUOTES) != name:
        raise ValueError(
            "a typographic quote around it, which YAML takes for a part of it; write plain quotes, or none"
        )
    return name


ModelName = Annotated[NonBlank, AfterValidator(_model)]
"""A model's name at its endpoint."""


def _address(given: str) -> str:
    if wrong := url.wrong(given):
        raise ValueError(f"it {wrong}")
    return given


EndpointUrl = Annotated[str, AfterValidator(_address)]
"""Where an endpoint is."""


class Endpoints(tuple[str, ...]):
    """A list of endpoints that serve one model. Any of them may give any answer: to a stage two lists are the same."""

    __slots__ = ()


def _endpoints(given: object) -> object:
    """One address, or a list of several; whatever is wrong with a list is said at once."""
    if isinstance(given, str):
        return _address(given)
    if not isinstance(given, list | tuple) or not all(isinstance(one, str) for one in given):
        raise ValueError(f"expected an address, say {url.EXAMPLE}, or a list of addresses")
    if not given:
        raise ValueError(
            f"it is an empty list: write the addresses, say [{url.EXAMPLE}], or take it out for the default one"
        )
    faults = [f"address {n} {wrong}" for n, one in enumerate(given, 1) if (wrong := url.wrong(one))]
    faults += [
        f"address {n} is the same endpoint as address {before} ({withheld.masked(url.normal(given[n - 1]))[:100]}); take one of them out"
        for before, n in ([] if faults else url.twice(given))
    ]
    if faults:
        raise ValueError(f"it is a list in which {'; '.join(faults)}")
    return Endpoints(given)


EndpointUrls = Annotated[
    str | tuple[str, ...],
    PlainValidator(_endpoints, json_schema_input_type=str | list[str]),
    PlainSerializer(
        lambda given: list(given) if isinstance(given, tuple) else given, return_type=str | list[str], when_used="json"
    ),
]
"""Where a model is: at one endpoint, or at several that each serve it."""


def _day(given: str) -> str:
    try:
        return date.fromisoformat(given.strip()).isoformat()
    except ValueError:
        raise ValueError('expected a day, written as "2027-01-14"') from None


Day = Annotated[str, AfterValidator(_day)]
"""A day of the calendar."""


def sendable(value: dict[str, Json]) -> dict[str, Json]:
    """What goes into the body of a request as it is."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        raise ValueError("holds a value that JSON does not (.nan, .inf, …), and it is sent as JSON") from None
    return value


class Settings(BaseModel):
    """A group of settings: unknown keys are refused, true is no 1, values never change after the check.

    One that belongs to a task (`located`) notes each setting that is read of it. A copy with other values notes only those
    that it still has from the spec, under the names that they have there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_bool_for_a_number(cls, given: object, info: ValidationInfo) -> object:
        if isinstance(given, bool) and info.field_name is not None:
            kinds = list(_kinds(cls.model_fields[info.field_name].annotation))
            if bool not in kinds and (int in kinds or float in kinds):
                raise PydanticKnownError("int_type" if int in kinds else "float_type")
        return given

    if not TYPE_CHECKING:  # or a checker would take every name for a field

        def __getattribute__(self, name: str) -> object:
            if name[0] != "_" and (seen := reads.seen()) is not None:
                names = object.__getattribute__(self, "__dict__").get(_NAMES)
                if names is not None and name in names:
                    seen.add(names[name])
            return object.__getattribute__(self, name)

    @property
    def model_fields_set(self) -> set[str]:
        """The fields that were spelled out."""
        if _GIVEN in (names := self.__dict__.get(_NAMES, {})):
            reads.note(names[_GIVEN])
        return self.__pydantic_fields_set__

    def model_dump(self, **how: Any) -> dict[str, Json]:
        """As pydantic's; every setting that the group holds is read."""
        if reads.seen() is not None:
            for name in values(self):
                if not name.endswith(_GIVEN) or how.get("exclude_unset"):
                    reads.note(name)
        return super().model_dump(**how)

    def model_copy(self, *, update: Mapping[str, object] | None = None, deep: bool = False) -> Self:
        """As pydantic's; what is updated is no setting of the spec any more."""
        copied = super().model_copy(update=update, deep=deep)
        if names := self.__dict__.get(_NAMES):
            copied.__dict__[_NAMES] = {name: what for name, what in names.items() if name not in (update or ())}
        return copied

    def over(self, base: Self) -> Self:
        """`base` with the settings that are spelled out here, each under its own name."""
        given = {name: self.__dict__[name] for name in self.model_fields_set}
        copied = base.model_copy(update=given)
        own = self.__dict__.get(_NAMES, {})
        if _NAMES in copied.__dict__ or own:
            names = {name: own[name] for name in given if name in own}
            copied.__dict__[_NAMES] = {**copied.__dict__.get(_NAMES, {}), **names}
        return copied


P = TypeVar("P", bound=Settings)


def located(part: P, where: str = "", kind: str = "spec") -> P:
    """A copy of a group of settings, and of all in it, that knows where in the spec it stands."""
    copied, names = part.model_copy(), {}
    for name, field in type(part).model_fields.items():
        path = f"{where}.{field.alias or name}".lstrip(".")
        way = "send" if kind == "send" or name in SENDING else "spec"
        if name != _NEVER and not _always_there(field.annotation):
            names[name] = f"{way}:{path}"
        copied.__dict__[name] = _placed(part.__dict__[name], path, way)
    if where:
        names[_GIVEN] = f"{kind}:{where}{_GIVEN}"
    copied.__dict__[_NAMES] = names
    return copied


def values(part: Settings) -> dict[str, Json]:
    """Name → value of every setting in a group that was located; a group inside is `{}` and has names of its own."""
    found: dict[str, Json] = {}
    for name, what in part.__dict__.get(_NAMES, {}).items():
        found[what] = sorted(part.__pydantic_fields_set__) if name == _GIVEN else _plain(part.__dict__[name])
    for name in type(part).model_fields:
        for inner in _groups(part.__dict__[name]):
            found |= values(inner)
    return found


def _always_there(annotation: object) -> bool:
    """Whether a field is a group of settings, which says nothing by itself."""
    return isinstance(annotation, type) and issubclass(annotation, Settings)


def _placed(value: object, path: str, way: str) -> object:
    if isinstance(value, Settings):
        return located(value, path, way)
    if isinstance(value, list):
        return [_placed(one, f"{path}[{n}]", way) for n, one in enumerate(value)]
    return (
        {name: _placed(one, f"{path}.{name}", way) for name, one in value.items()} if isinstance(value, dict) else value
    )


def _plain(value: object) -> Json:
    """A setting as JSON. No address in it holds a password: the spec refuses one."""
    if isinstance(value, Settings):
        return {}
    if isinstance(value, Endpoints):
        return SEVERAL
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value


def _groups(value: object) -> Iterator[Settings]:
    if isinstance(value, Settings):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _groups(one)


def _kinds(annotation: object) -> Iterator[object]:
    """A type, or those that it may be."""
    yield annotation
    for part in get_args(annotation):
        yield from _kinds(part)
