"""The gates together."""

import inspect

import pytest

from distill.curate.gates.registry import GATES, faults, run_gates
from distill.errors import SpecError

TICKET = {
    "type": "object",
    "properties": {"intent": {"enum": ["a", "b"]}, "summary": {"type": "string", "maxLength": 20}},
    "required": ["intent"],
    "additionalProperties": False,
}


def test_scores_are_written_for_kept_and_rejected_rows(frame):
    rows = frame({"answer": "{}"}, {"answer": '{"intent": "a"}', "completion_tokens": 90})
    out = run_gates(rows, [("schema", {"schema": TICKET}), ("length", {"max_tokens": 50})])
    assert out.rejected.select("score_schema", "score_length", "score").rows() == [(0, None, 0), (1, 0, 0.5)]


def test_a_row_goes_at_the_first_gate_it_fails_and_each_gate_counts(frame):
    rows = frame({"answer": "", "finish_reason": "length"}, {"finish_reason": "length"}, {})
    out = run_gates(rows, [("length", {}), ("finish_reason", {})])
    counts = [(step["stage"], step["in"], step["kept"], step["dropped"]) for step in out.report["steps"]]
    assert counts == [("length", 3, 2, {"too_short": 1}), ("finish_reason", 2, 1, {"finish_reason": 1})]
    assert out.report["dropped"] == {"finish_reason": 1, "too_short": 1}


def test_unknown_gates_and_settings_are_named_with_the_nearest(frame):
    gates = [("lenght", {}), ("length", {"max_token": 1}), ("schema", {"schema": {}})]
    assert [str(fault) for fault in faults(gates)] == [
        "gates[0]: unknown gate 'lenght'; did you mean 'length'?",
        "gates[1].length: unknown setting 'max_token'; did you mean 'max_tokens'?",
        "gates[2].schema: unknown setting 'schema'",
    ]
    with pytest.raises(SpecError, match="2 faults"):
        run_gates(frame(), gates)


@pytest.mark.parametrize(
    ("gate", "settings", "said"),
    [
        ("length", {"max_tokens": "many"}, "`max_tokens` is 'many': expected a whole number"),
        ("length", {"spread": "wide"}, "`spread` is 'wide'"),
        ("refusal", {"phrases": "sorry"}, "`phrases` is 'sorry'"),
        ("refusal", {"judge": "yes"}, "`judge` is 'yes': expected true or false"),
        ("refusal", {"judge": 1}, "`judge` is 1: expected true or false"),
        ("refusal", {"judge": True, "at_least": 6}, "`at_least` is 6: expected a number less than or equal to 5"),
        ("refusal", {"verdicts": "all"}, "unknown setting 'verdicts'"),
        ("length", {"max_tokens": True}, "`max_tokens` is True: expected a whole number"),
        ("pii", {"action": "hide"}, "`action` is 'hide': expected 'report', 'mask' or 'drop'"),
        ("form", {"matches": "(["}, "no regular expression"),
        ("language", {"is_": "en"}, "unknown setting 'is_'; did you mean 'is'?"),
        ("schema", {"schema": {}}, "unknown setting 'schema'"),
        ("form", {"matches": 5}, "`matches` is 5: expected a text"),
        ("form", {"matches": "(a|aa)+"}, "`matches` is '(a|aa)+': "),
    ],
)
def test_a_setting_of_a_wrong_kind_is_a_fault_before_anything_is_paid(gate, settings, said):
    assert said in str(faults([(gate, settings)])[0])


def test_whole_numbers_do_for_fractions() -> None:
    assert not faults([("length", {"spread": 5}), ("echo", {"near": 1})])


@pytest.mark.parametrize("name", GATES)
def test_settings_are_the_arguments_of_the_gates_function(name: str) -> None:
    """Names and defaults are the same in both, and the rest of the arguments is what the task gives."""
    gate = GATES[name]
    _, *arguments = inspect.signature(gate.run).parameters.values()
    settings = {one.name: one.default for one in arguments if one.name not in gate.given}
    assert settings == gate.model().arguments
    assert set(gate.given) == {one.name for one in arguments} - set(settings)
    assert not gate.faults(gate.defaults, where=name)


def test_an_unknown_name_that_the_task_gives_is_no_setting(frame) -> None:
    """A spec cannot hand over verdicts; a caller from Python can."""
    assert "unknown setting 'verdicts'" in str(faults([("judge", {"verdicts": len})])[0])
    out = run_gates(frame({}), [("judge", {"verdicts": lambda rows: [()] * rows.height})])
    assert out.report["dropped"] == {"unscored": 1}


def test_a_blank_answer_never_passes_whatever_gates_are_named(frame):
    """A call is no blank answer, and a spec that allows no text says so with `length`."""
    rows = frame({"answer": " \n"}, {"answer": "yes"}, {"answer": "", "tool_calls": '[["look","{}"]]'})
    out = run_gates(rows, [("finish_reason", {})])
    assert out.kept["answer"].to_list() == ["yes", ""]
    assert dict(out.dropped.select("stage", "reason").iter_rows()) == {"length": "too_short"}
    assert run_gates(rows, [("length", {"min_chars": 0})]).dropped.is_empty()
    assert [step["stage"] for step in run_gates(out.kept, [("finish_reason", {})]).report["steps"]] == ["finish_reason"]
