"""Prompts and schemas that would mislead a model, or end a run, when the first answer comes."""

from __future__ import annotations

from pathlib import Path

import pytest
from ended import Distill, refused

PROMPTS = {
    "an open slot": ("[user]\n{{message\n", "teacher.md:2", "`{{message` is not closed; write `{{message}}`"),
    "half an open slot": ("[user]\n{{message} {{message}}\n", "teacher.md:2", "is not closed"),
    "a block": ("[user]\n{% if message %}{{message}}{% endif %}\n", "teacher.md:2", "{% if message %}", "{% endif %}"),
    "a comment": ("{# note #}\n[user]\n{{message}}\n", "teacher.md:1", "no part of a template"),
    "an expression": ("[user]\n{{message.upper()}}\n", "teacher.md:2", "is no variable name"),
    "a filter": ("[user]\n{{ message | upper }}\n", "teacher.md:2", "is no variable name"),
    "a misspelt slot": ("[user]\n{{mesage}}\n", "teacher.md:2", "did you mean `{{message}}`?"),
    "a NUL": ("[user]\n{{message}}\0\n", "teacher.md:2", "NUL"),
    "no user": ("Say {{message}}\n", "teacher.md", "the last turn must be the user's"),
    "nothing": ("", "teacher.md", "the last turn must be the user's"),
    "braces of Python": (
        "[user]\n{message}\n",
        "teacher.md:2",
        "`{message}` would be sent as it stands",
        "{{message}}",
    ),
    "a shell's variable": ("[user]\n${message} {{kind}}\n", "teacher.md:2", "`${message}` would be sent"),
    "a marker in capitals": ("[user]\n{{message}}\n[Assistant]\nx\n[user]\ny\n", "teacher.md:3", "write `[assistant]`"),
    "a marker with a colon": ("[user]:\n{{message}}\n", "teacher.md:1", "write `[user]`"),
    "no slot": ("[user]\nhello\n", "teacher.md", "every row would ask the same"),
}


@pytest.mark.parametrize("case", PROMPTS)
def test_a_prompt_that_would_be_paid_for_as_it_stands(task: Path, distill: Distill, case: str) -> None:
    text, *parts = PROMPTS[case]
    (task.parent / "teacher.md").write_text(text)
    refused(distill("validate", task), *parts)


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_a_prompt_saved_with_other_line_ends_is_read(task: Path, distill: Distill, end: str) -> None:
    for name in ("teacher.md", "student.md"):
        path = task.parent / name
        path.write_bytes(path.read_bytes().replace(b"\n", end.encode()))
    assert distill("validate", task).code == 0


def test_a_text_where_a_prompts_file_is_wanted_is_said_in_one_line(task: Path, distill: Distill) -> None:
    task.write_text(task.read_text().replace("{model: scripted,", '{model: scripted, prompt: "a\\n{{message}}",'))
    said = distill("validate", task)
    refused(said, "task.yaml:4", "put the text into one")
    assert len(said.err.strip().split("\n")) == 1


def test_parameters_of_a_tool_that_are_a_list_are_none(task: Path, distill: Distill) -> None:
    (task.parent / "tools.json").write_text('[{"type": "function", "function": {"name": "f", "parameters": []}}]')
    refused(distill("validate", task, "--set", "teacher.tools=tools.json"), "tools.json: tool 1", "no JSON Schema")


def schema(properties: str, more: str = "") -> str:
    return f'{{"type": "object",\n "properties": {{{properties}}}{more}}}'


SCHEMAS = {
    "no JSON": ("{\n'type': 'object'}", "answer.schema.json:2", "not JSON"),
    "nothing": ("", "answer.schema.json:1", "not JSON"),
    "a list": ("[]", "answer.schema.json", '"type": "object"'),
    "true": ("true", "answer.schema.json", '"type": "object"'),
    "another type": ('{"type": "array"}', '"type": "object"'),
    "a type that is none": ('{"type": "objekt"}', "no JSON Schema", "objekt"),
    "a key twice": ('{"type": "object",\n"properties": {},\n"properties": {}}', "answer.schema.json:3", "appears twice"),
    "NaN": (schema('"a": {"maximum": NaN}'), "NaN"),
    "a reference outside": (schema('"a": {"$ref": "https://x.example/s.json"}'), "nothing is fetched"),
    "a file beside": (schema('"a": {"$ref": "other.json"}'), "nothing is fetched"),
    "a reference to nowhere": (schema('"a": {"$ref": "#/$defs/none"}'), "'#/$defs/none' leads nowhere"),
    "a reference to no anchor": (schema('"a": {"$ref": "#none"}'), "leads nowhere"),
    "a reference to itself": (schema('"a": {"$ref": "#/properties/a"}'), "leads back to itself"),
    "two that refer to each other": (
        schema('"a": {"$ref": "#/$defs/x"}', ', "$defs": {"x": {"$ref": "#/$defs/y"}, "y": {"anyOf": [{"$ref": "#/$defs/x"}]}}'),
        "leads back to itself",
    ),
    "a pattern that is none": (schema('"a": {"pattern": "["}'), "is not a 'regex'"),
    "a pattern of names that is none": (schema("", ', "patternProperties": {"(": {}}'), "is not a 'regex'"),
    "5,000 levels": ("[" * 5000 + "]" * 5000, "answer.schema.json", "nested"),
}  # fmt: skip


@pytest.mark.parametrize("case", SCHEMAS)
def test_a_schema_that_no_answer_can_be_held_against(task: Path, distill: Distill, case: str) -> None:
    text, *parts = SCHEMAS[case]
    (task.parent / "answer.schema.json").write_text(text)
    refused(distill("validate", task), *parts)


def test_a_schema_that_refers_to_itself_through_a_property_is_a_tree(task: Path, distill: Distill) -> None:
    text = schema('"mood": {"enum": ["glad", "cross"]}, "inner": {"$ref": "#"}')
    (task.parent / "answer.schema.json").write_text(text)
    assert distill("validate", task).code == 0
