import pytest

from distill.errors import UsageError
from distill.executors.ray_cluster.address import parse


@pytest.mark.parametrize(
    ("text", "env", "address", "ours"),
    [
        ("ray", {}, "local", True),
        ("ray", {"RAY_ADDRESS": "10.0.0.1:6379"}, "10.0.0.1:6379", False),
        ("ray", {"RAY_ADDRESS": " local "}, "local", True),
        ("ray:local", {"RAY_ADDRESS": "10.0.0.1:6379"}, "local", True),
        ("ray:auto", {}, "auto", False),
        ("ray:head.example:6379", {}, "head.example:6379", False),
        ("ray://head.example:10001", {}, "ray://head.example:10001", False),
        ("ray://[::1]:10001", {}, "ray://[::1]:10001", False),
    ],
)
def test_what_an_address_stands_for(text, env, address, ours):
    found = parse(text, env)
    assert (found.text, found.ours) == (address, ours)


@pytest.mark.parametrize("text", ["", "spark", "ray:", "ray://", "ray:head", "ray://head", "ray:a b:1", "raylocal"])
def test_another_text_is_a_usage_error_with_what_is_expected(text):
    with pytest.raises(UsageError, match="expected memory, ray, ray:local, ray:auto, ray:HOST:PORT"):
        parse(text, {})
