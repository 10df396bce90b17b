"""Ids: equal for equal content, different for any difference that is sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.records import Request, Seed, canonical, content_id, list_id

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
BODY: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}],
    "max_tokens": 5,
    "temperature": 0.0,
    "top_p": 0.5,
    "seed": 1,
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        return [leaf for key, part in inner for leaf in leaves(part, (*path, key))]
    return [path]


def changed(value: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return "another" if value != "another" else "one more"
    items = dict(value) if isinstance(value, dict) else list(value)
    items[path[0]] = changed(items[path[0]], path[1:])
    return items


def every_field_counts() -> None:
    base = Request("endpoint", BODY)
    others = [Request("endpoint", changed(BODY, path)) for path in leaves(BODY)]
    others += [Request("elsewhere", BODY), Request("endpoint", BODY, draw=1)]
    others += [Request("endpoint", {k: v for k, v in BODY.items() if k != name}) for name in BODY]
    ids = {request.id for request in (base, *others)}
    assert len(ids) == len(others) + 1


def test_every_field_of_a_request_is_in_its_id() -> None:
    """A request that differs in any leaf of its body, in its endpoint or its draw is another request."""
    every_field_counts()


@pytest.mark.parametrize("left_out", ["endpoint", "draw", *BODY])
def test_a_key_that_leaves_a_field_out_would_be_noticed(monkeypatch: pytest.MonkeyPatch, left_out: str) -> None:
    """The check above fails for every mutant of the key that forgets one field."""

    def forgetful(self: Request) -> None:
        body = {name: value for name, value in self.body.items() if name != left_out}
        endpoint, draw = "" if left_out == "endpoint" else self.endpoint, 0 if left_out == "draw" else self.draw
        object.__setattr__(self, "id", content_id(endpoint, body, draw, digits=32))

    monkeypatch.setattr(Request, "__post_init__", forgetful)
    with pytest.raises(AssertionError):
        every_field_counts()


@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_the_order_of_keys_is_not_content(fields: dict[str, Any]) -> None:
    """The same fields in another order are the same seed."""
    assert Seed(fields).id == Seed(dict(reversed(fields.items()))).id


@given(json_values, json_values)
def test_equal_ids_mean_equal_content(one: Any, two: Any) -> None:
    """16 hex digits tell apart whatever the canonical form tells apart."""
    assert (content_id(one) == content_id(two)) == (canonical(one) == canonical(two))


def test_parts_do_not_run_together() -> None:
    """("ab", "c") is not ("a", "bc")."""
    assert content_id("ab", "c") != content_id("a", "bc")


@given(st.lists(json_values, max_size=5))
def test_a_list_that_is_read_one_by_one_has_the_id_of_the_list(values: list[Any]) -> None:
    """Of a list that is spelt as a whole: what orjson refuses takes the list with it, and is spelt alone here."""
    whole = canonical(values) == f"[{','.join(map(canonical, values))}]"
    assert (list_id(iter(values)) == content_id(values)) == whole


def test_line_labels_and_gold_do_not_change_a_seed() -> None:
    """A corrected gold answer or label, or a moved line, does not ask the row again."""
    assert Seed({"m": 1}, {"a": "b"}, {"x": 1}, 7, "f").id == Seed({"m": 1}).id
