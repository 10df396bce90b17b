"""Which model each endpoint's replies name."""

from __future__ import annotations

from distill.teacher.pool.served_names import ServedNames


def test_another_model_is_named_with_both_endpoints() -> None:
    names = ServedNames()
    assert not names.heard("http://a", "m", "qwen3-8b")
    said = names.heard("http://b", "m", "llama-3.1-8b")
    assert said == (
        "the endpoints of base_url serve different models: http://a answers as 'qwen3-8b', http://b as 'llama-3.1-8b' (asked for 'm')"
    )


def test_another_spelling_a_silent_server_and_another_question_are_no_difference() -> None:
    names = ServedNames()
    assert not names.heard("http://a", "qwen3-8b", "qwen3-8b")
    assert not names.heard("http://b", "qwen3-8b", "/models/Qwen3-8B-Q4_K_M.gguf")
    assert not names.heard("http://c", "qwen3-8b", "")
    assert not names.heard("http://b", "other", "other")
    assert not names.heard("http://a", "qwen3-8b", "of the first endpoint itself")


def test_an_endpoint_cannot_steer_the_terminal_by_its_models_name() -> None:
    names = ServedNames()
    names.heard("http://a", "m", "x")
    assert len(names.heard("http://b", "m", "y" * 9999)) < 400
