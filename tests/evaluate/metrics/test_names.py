"""What metrics are called, and which one carries the verdict."""

from __future__ import annotations

import pytest

from distill.evaluate.metrics.names import caution, deciding, likeness_to_teacher, measure, title


@pytest.mark.parametrize(
    ("metric", "kind", "said", "short"),
    [
        ("json_fields", "fields", "of the fields right", "fields right"),
        ("json_fields", "plain", "of the answers right", "answers right"),
        ("chrf", "text", "likeness to the known answers (chrF)", "chrF with the known answer"),
        ("agreement_chrf", "text", "likeness to the teacher's text (chrF)", "chrF with the teacher"),
        (
            "rouge_l:summary",
            "fields",
            "likeness to the known `summary` (ROUGE-L)",
            "ROUGE-L with the known answer, summary",
        ),
        ("verify", "text", "of the answers through the task's check", "passes the task's check"),
        ("brevity", "text", "by `brevity`", "brevity"),
    ],
)
def test_a_metric_is_named_by_what_it_is_a_share_of(metric: str, kind: str, said: str, short: str) -> None:
    assert measure(metric, kind) == said
    assert title(metric, kind) == short


@pytest.mark.parametrize(
    ("scored", "decide_by", "metric"),
    [
        (["schema", "agreement", "json_fields"], None, "json_fields"),
        (["schema", "agreement", "chrf:summary"], None, "agreement"),
        (["schema", "agreement_chrf", "verify"], None, "verify"),
        (["agreement_chrf", "chrf", "rouge_l"], None, "chrf"),
        (["agreement_chrf", "brevity"], None, "brevity"),
        (["json_fields", "brevity"], None, "json_fields"),
        (["json_fields", "agreement_tool_calls"], None, "agreement_tool_calls"),
        (["json_fields", "brevity"], "brevity", "brevity"),
        (["json_fields"], "brevity", "json_fields"),
        (["schema"], None, "schema"),
        ([], None, "json_fields"),
    ],
)
def test_the_verdict_is_by_what_says_most(scored: list[str], decide_by: str | None, metric: str) -> None:
    assert deciding(scored, decide_by) == metric


def test_only_likeness_is_a_proxy_and_only_to_the_teachers_text_is_it_no_measure_of_the_teacher() -> None:
    assert "not meaning or truth" in caution("chrf")
    assert "nearness of subject" in caution("agreement_embedding:note")
    assert not caution("json_fields")
    assert likeness_to_teacher("agreement_chrf")
    assert not likeness_to_teacher("chrf")
    assert not likeness_to_teacher("agreement")
