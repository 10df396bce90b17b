"""A spec is checked whole: every fault at once, each with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from distill import spec
from distill.errors import SpecError, UsageError
from distill.values.rules import Rule

GOOD = "task: t\nseeds: {from: a.jsonl}\nteacher: {model: m}\n"


def load(tmp_path: Path, text: str, *sets: str) -> spec.TaskSpec:
    path = tmp_path / "task.yaml"
    path.write_text(text)
    return spec.load(path, sets)


def test_all_faults_come_at_once_with_line_found_and_expected(tmp_path: Path) -> None:
    """Unknown key, wrong type, missing key, out of range: four faults, four lines."""
    text = "task: t\nseeds:\n  from: a.jsonl\n  gould: x\nteacher:\n  limits:\n    in_flight: many\ndedup:\n  near: 3\n"
    with pytest.raises(SpecError) as caught:
        load(tmp_path, text)
    told = "\n".join(map(str, caught.value.faults))
    assert len(caught.value.faults) == 4
    assert "task.yaml:4: unknown key `seeds.gould`; did you mean `gold`?" in told
    assert "task.yaml:7: `teacher.limits.in_flight` is 'many'" in told
    assert "`teacher.model` is missing" in told
    assert "task.yaml:9: `dedup.near` is 3" in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("task: t\ntask: u\n", "key `task` is given twice"),
        ("a: [1\n", "not YAML"),
        ("- a list\n", "a spec is a mapping"),
        ("", "a spec is a mapping"),
        (GOOD + "gates: [{schema: {}, length: {}}]\n", "found 2 names"),
        (GOOD.replace("from: a.jsonl", "from: a.jsonl, test: {share: 0.1, rows: 3}"), "exactly one of"),
        (GOOD.replace("task: t", "task: 'T T'"), "'T T'"),
        (GOOD + "strata: {by: [x], quotas: [{where: {x: a}, cap: 3, count: 2}]}\n", "exactly one of share, count"),
        (GOOD + "strata: {by: [x], quotas: [{where: {y: a}, cap: 3}]}\n", "y is not among strata.by (x)"),
        (GOOD + "strata: {by: [x], quotas: [{where: {x: a}, share: 0.3}]}\n", "share of dataset.accept, which is not"),
        (
            GOOD + "strata: {by: [x], quotas: [{where: {x: a}, share: 0.6}, {where: {x: b}, share: 0.7}]}\n",
            "the shares add up to 1.3, expected at most 1",
        ),
        (GOOD + "strata: {edge_cases: [{where: {x: a}, at_least: 1.5}]}\n", "a whole number of rows, or a share"),
        (GOOD + "strata: {edge_cases: [{where: {x: a}, at_least: 0.5}]}\n", "edge_cases[0].at_least is a share of"),
        (GOOD.replace("model: m", "model: m, key_env: sk-abc"), "key_env"),
        (GOOD + "expect: {valid: [0.3, 0.1]}\n", "`expect.valid` is [0.3, 0.1]: expected the least share first"),
        (
            GOOD + "evaluate: {probes: [style, style]}\n",
            "`evaluate.probes` is ['style', 'style']: style is named twice",
        ),
        (GOOD + "evaluate: {probes: all}\n", "`evaluate.probes` is 'all': expected 'auto' or 'none'"),
        (GOOD + "strata: {by: [x, y, x]}\n", "`strata.by` is ['x', 'y', 'x']: x is named twice"),
    ],
)
def test_what_is_no_spec_is_said(tmp_path: Path, text: str, said: str) -> None:
    """YAML faults, doubled keys, lists and nothing at all."""
    with pytest.raises(SpecError) as caught:
        load(tmp_path, text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("task: t\nseeds:\n  from: SECRET\n  gold_rows: train\nteacher: {model: m}\n",
         "2: `seeds`: gold_rows: train needs `gold`, the column with the known answer"),
        (GOOD + "strata:\n  by: [x]\n  quotas:\n  - {where: {x: SECRET}, cap: 3}\n  - {where: {x: SECRET}, share: 0.3}\n",
         "8: strata.quotas[1].share is a share of dataset.accept, which is not given; give it"),
        (GOOD + "strata:\n  by: [x]\n  quotas:\n  - {where: {x: SECRET}}\n",
         "7: `strata.quotas.0`: give exactly one of share, count, floor, cap"),
        (GOOD + "strata:\n  by: [x]\n  quotas: [{where: {y: SECRET}, cap: 3}]\n",
         "6: `strata.quotas`: y is not among strata.by"),
    ],
)  # fmt: skip
def test_what_is_wrong_between_settings_is_told_without_all_of_them(tmp_path: Path, text: str, told: str) -> None:
    """The line of the group and the sentence; a group as a whole is no value to print."""
    with pytest.raises(SpecError) as caught:
        load(tmp_path, text)
    (fault,) = caught.value.faults
    assert str(fault).startswith(f"{tmp_path / 'task.yaml'}:{told}")
    assert "SECRET" not in str(fault)


def test_a_fault_of_by_brings_no_other_of_the_quotas(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        load(tmp_path, GOOD + "strata: {by: [x, x], quotas: [{where: {x: a}, cap: 3}]}\n")
    assert len(caught.value.faults) == 1


def test_no_file_names_the_next_move(tmp_path: Path) -> None:
    """`distill init` is offered."""
    with pytest.raises(UsageError, match="distill init"):
        spec.load(tmp_path / "none.yaml")


def test_set_overrides_and_is_checked_like_the_file(tmp_path: Path) -> None:
    """YAML values; unknown keys are refused; a value is no group."""
    assert load(tmp_path, GOOD, "teacher.limits.in_flight=3").teacher.limits.in_flight == 3
    assert load(tmp_path, GOOD, "teacher.sampling.temperature=null").teacher.sampling.temperature is None
    with pytest.raises(SpecError, match="did you mean `limits`"):
        load(tmp_path, GOOD, "teacher.limit.in_flight=3")
    with pytest.raises(UsageError, match="not a group"):
        load(tmp_path, GOOD, "task.name=3")
    with pytest.raises(UsageError, match=r"expected a\.b=value"):
        load(tmp_path, GOOD, "task")


def test_yaml_runs_nothing(tmp_path: Path) -> None:
    """A tag that would build an object is a fault of the file."""
    with pytest.raises(SpecError, match="not YAML"):
        load(tmp_path, "task: !!python/object/apply:os.system ['true']\n")


@pytest.mark.parametrize(("given", "rows"), [("12", 12), ("12.0", 12), ("0.1", 21), ("0.005", 2)])
def test_at_least_is_rows_or_a_share_rounded_up(tmp_path: Path, given: str, rows: int) -> None:
    """A tenth of 201 is 21."""
    text = f"strata: {{edge_cases: [{{where: {{x: a}}, at_least: {given}}}]}}\ndataset: {{accept: 201}}\n"
    assert load(tmp_path, GOOD + text).strata.edge_cases[0].rows(201) == rows


@pytest.mark.parametrize(
    ("given", "rules", "only"),
    [
        ("null", None, []),
        ("[a, b]", None, ["a", "b"]),
        ("set", Rule("set"), []),
        ("{within: 0.5}", Rule("number", 0.5), []),
        (
            "{tags: set, price: {within: 5 %}, within: text}",
            {"tags": Rule("set"), "price": Rule("number", 0.05, share=True), "within": Rule("text")},
            [],
        ),
    ],
)
def test_how_answers_are_compared(tmp_path: Path, given: str, rules: Any, only: list[str]) -> None:
    """Names of fields, a rule a field, or one rule for a plain value."""
    found = load(tmp_path, GOOD + f"evaluate: {{compare: {given}}}\n").evaluate
    assert (found.rules, list(found.only)) == (rules, only)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{tags: sets}", "`evaluate.compare.tags` is 'sets': expected 'text', 'exact'"),
        ("sets", "`evaluate.compare` is 'sets': expected 'text', 'exact'"),
        ("{price: {within: much}}", "`evaluate.compare.price.within` is 'much': expected a number that is not below 0"),
        ("{price: {within: -1}}", "`evaluate.compare.price.within` is -1: expected a number that is not below 0"),
    ],
)
def test_a_rule_that_is_none_is_reported_once(tmp_path: Path, given: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        load(tmp_path, GOOD + f"evaluate: {{compare: {given}}}\n")
    (fault,) = caught.value.faults
    assert said in str(fault)


def test_the_day_on_which_a_model_ends_is_a_day_in_quotes(tmp_path: Path) -> None:
    """Of any model and of the base; it changes no answer, so no run begins anew for it."""
    given = GOOD.replace("model: m", 'model: m, shutdown_date: "2027-01-14"') + "refresh: {every: 90}\n"
    found = load(tmp_path, given, "student.train.shutdown_date='20270228'")
    assert (found.teacher.shutdown_date, found.student.train.shutdown_date) == ("2027-01-14", "2027-02-28")
    assert (found.refresh.every, found.refresh.notice) == (90, 90)
    assert {"shutdown_date", "refresh"} <= spec.SENDING
    with pytest.raises(SpecError, match='expected a day, written as "2027-01-14"'):
        load(tmp_path, GOOD, "teacher.shutdown_date=soon")
    with pytest.raises(SpecError, match="put it in quotes"):
        load(tmp_path, GOOD, "teacher.shutdown_date=2027-01-14")
