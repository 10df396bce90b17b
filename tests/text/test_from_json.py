"""JSON read back as dataclasses."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import pytest

from distill.text.from_json import from_json


@dataclass(frozen=True, slots=True)
class Inner:
    mean: float
    small: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "small", self.mean < 1)


@dataclass(frozen=True, slots=True)
class Outer:
    word: Literal["a", "b"]
    rows: dict[str, list[Inner]]
    best: Inner | None
    gold: Any
    notes: list[str] = field(default_factory=list)


VALUE = Outer("a", {"x": [Inner(0.5), Inner(2.0)]}, None, {"half": "\ud83d"})


def test_from_json_is_the_way_back() -> None:
    """Half an emoji, a None and a field that is computed come back too."""
    assert from_json(Outer, asdict(VALUE)) == VALUE


def test_what_has_a_default_may_lack_in_an_older_file() -> None:
    older = {name: value for name, value in asdict(VALUE).items() if name != "notes"}
    assert from_json(Outer, older) == VALUE


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"word": "c"}, "word is 'c', expected one of 'a', 'b'"),
        ({"rows": []}, r"rows is '\[\]', expected an object"),
        ({"rows": {"x": [{"mean": "1"}]}}, r"rows\.x\[0\]\.mean is '1', expected float"),
        ({"best": {}}, r"best\.mean is missing"),
    ],
)
def test_from_json_names_the_place_of_a_fault(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        from_json(Outer, asdict(VALUE) | change)
