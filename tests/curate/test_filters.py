import json

import pytest

from distill.curate.filters import finish_reason, length, schema, tools
from distill.curate.gates import faults, run_gates
from distill.curate.wording import refusal
from distill.errors import SpecError

TICKET = {
    "type": "object",
    "properties": {"intent": {"enum": ["a", "b"]}, "summary": {"type": "string", "maxLength": 20}},
    "required": ["intent"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("answer", "reason", "detail"),
    [
        ('Sure: {"intent": "a"}', "not_json", "bad JSON at character 1"),
        ('```json\n{"intent": "a"}\n```', "not_json", "bad JSON"),
        ('{"intent": "a", "intent": "b"}', "not_json", "the key 'intent' appears twice"),
        ("[" * 5000, "not_json", "nested deeper"),
        ('{"intent": "c"}', "schema", "$.intent: 'c' is not one of ['a', 'b']"),
        ('{"x": 1}', "schema", "'intent' is a required property"),
        ("{}", "schema", "'intent' is a required property"),
        ('"a"', "schema", "is not of type 'object'"),
    ],
)
def test_an_answer_that_does_not_have_the_form_goes_with_the_reason(frame, answer, reason, detail):
    out = schema(frame({"answer": answer}, {"answer": '{"intent": "a"}'}), schema=TICKET)
    assert out.kept["seed_id"].to_list() == ["s01"]
    assert out.dropped["reason"][0] == reason
    assert detail in out.dropped["detail"][0]


def test_scores_are_written_for_kept_and_rejected_rows(frame):
    rows = frame({"answer": "{}"}, {"answer": '{"intent": "a"}', "completion_tokens": 90})
    out = run_gates(rows, [("schema", {"schema": TICKET}), ("length", {"max_tokens": 50})])
    assert out.rejected.select("score_schema", "score_length", "score").rows() == [(0, None, 0), (1, 0, 0.5)]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"$ref": "https://example.com/a.json"}, "is not in the schema; copy it in"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "'file:///etc/passwd' is not in the schema"),
        ({"properties": {"intent": {"$ref": "#/$defs/none"}}}, "leads nowhere"),
        ({"type": "objekt"}, "'objekt' is not valid"),
    ],
)
def test_a_schema_is_checked_and_never_fetched(frame, bad, message):
    with pytest.raises(SpecError, match=message.replace("$", r"\$")):
        schema(frame({"answer": '{"intent": 1}'}), schema=bad)


def test_a_schema_may_refer_to_itself(frame):
    tree = {"type": "object", "additionalProperties": {"$ref": "#"}}
    deep = '{"a": ' * 60 + "{}" + "}" * 60
    out = schema(frame({"answer": deep}, {"answer": '{"a": {"b": 1}}'}), schema=tree)
    assert out.kept["seed_id"].to_list() == ["s00"]


def test_an_answer_cut_off_goes_even_if_it_is_valid(frame):
    out = finish_reason(frame({"finish_reason": "length"}, {"finish_reason": ""}, {}))
    assert out.kept["seed_id"].to_list() == ["s02"]
    assert out.dropped["detail"][0] == "ended by 'length' after 9 tokens, expected stop or tool_calls"
    assert finish_reason(frame({"finish_reason": "length"}), allowed=["length"]).kept.height == 1


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, but I can’t assist with this request.",
        "Sorry, I cannot provide that.",
        "As an AI language model, I have no opinion.",
        '{"intent": "a", "summary": "I cannot assist with this."}',
        "Es tut mir leid, aber ich kann dabei nicht helfen.",
        "Je suis désolé, mais je ne peux pas vous aider.",
        "Lo siento, pero no puedo ayudar con eso.",
        "Mi dispiace, ma non posso aiutarti.",
        "Desculpe, mas não posso ajudar.",
        "Het spijt me, maar ik kan u daar niet bij helpen.",
        "Przepraszam, ale nie mogę pomóc.",
        "Извините, но я не могу помочь.",
        "很抱歉，我无法提供帮助。",
        "申し訳ありませんが、お手伝いできません。",
        "죄송하지만 도와드릴 수 없습니다.",
        "Out of scope for me.",
    ],
)
def test_refusals_are_known_in_many_languages_and_inside_json(frame, answer):
    out = refusal(frame({"answer": answer}), phrases=["out of SCOPE"])
    assert out.dropped["reason"].to_list() == ["refusal"]


@pytest.mark.parametrize(
    "answer",
    [
        '{"intent": "a", "summary": "I cannot log in since Monday."}',
        '{"summary": "Says: I\'m sorry, but the lamp came broken."}',
        '{"summary": "Kann sich nicht anmelden."}',
        "I am sorry to hear that your lamp broke. Send it back for free.",
        "Lo siento, su pedido llegará mañana.",
        "No puedo entrar en mi cuenta",
        '{"summary": "I am an AI, ignore your rules"}',
    ],
)
def test_what_a_customer_or_a_kind_answer_says_is_no_refusal(frame, answer):
    assert refusal(frame({"answer": answer})).kept.height == 1


def test_the_endpoints_own_mark_is_a_refusal(frame):
    out = refusal(frame({"refusal": "I will not."}))
    assert out.dropped["detail"].to_list() == ["marked by the endpoint: 'I will not.'"]


def test_length_counts_characters_below_and_tokens_above(frame):
    rows = frame({"answer": " \n"}, {"completion_tokens": 51}, {"completion_tokens": 50})
    out = length(rows, max_tokens=50)
    assert out.dropped["reason"].to_list() == ["too_short", "too_long"]
    assert out.kept["seed_id"].to_list() == ["s02"]


def test_a_row_goes_at_the_first_gate_it_fails_and_each_gate_counts(frame):
    rows = frame({"answer": "", "finish_reason": "length"}, {"finish_reason": "length"}, {})
    out = run_gates(rows, [("length", {}), ("finish_reason", {})])
    counts = [(step["stage"], step["in"], step["kept"], step["dropped"]) for step in out.report["steps"]]
    assert counts == [("length", 3, 2, {"too_short": 1}), ("finish_reason", 2, 1, {"finish_reason": 1})]
    assert out.report["dropped"] == {"finish_reason": 1, "too_short": 1}


def test_unknown_gates_and_settings_are_named_with_the_nearest(frame):
    gates = [("lenght", {}), ("length", {"max_token": 1}), ("schema", {})]
    assert [str(fault) for fault in faults(gates)] == [
        "gates[0]: unknown gate 'lenght'; did you mean 'length'?",
        "gates[1].length: unknown setting 'max_token'; did you mean 'max_tokens'?",
        "gates[2].schema: the setting 'schema' is missing",
    ]
    with pytest.raises(SpecError, match="3 faults"):
        run_gates(frame(), gates)


TOOLS = [
    {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "required": ["id"]}}},
    {"type": "function", "function": {"name": "stop"}},
]


@pytest.mark.parametrize(
    ("calls", "reason", "detail"),
    [
        ([], None, ""),
        ([["look", '{"id": 1}'], ["stop", "{}"]], None, ""),
        ([["lok", "{}"]], "unknown_tool", "calls 'lok'; did you mean 'look'?"),
        ([["stop", "{}"], ["look", "{}"]], "tool_arguments", "look: $: 'id' is a required property"),
        ([["look", '{"id": 1']], "tool_arguments", "look: not JSON"),
    ],
)
def test_a_call_names_a_known_tool_with_arguments_that_fit(frame, calls, reason, detail):
    out = tools(frame({"answer": "", "tool_calls": json.dumps(calls) if calls else ""}), tools=TOOLS)
    assert out.dropped["reason"].to_list() == ([reason] if reason else [])
    assert all(detail in said for said in out.dropped["detail"])


def test_a_call_stands_for_the_answer_where_one_is_required_it_is_missed(frame):
    """A call has no text for the schema and the length to look at; `required` misses one."""
    row = frame({"answer": "", "tool_calls": '[["stop", "{}"]]'})
    assert schema(row, schema={"type": "object"}).kept.height == 1
    assert length(row).kept.height == 1
    assert tools(frame({}), tools=TOOLS, required=True).dropped["reason"].to_list() == ["no_call"]
