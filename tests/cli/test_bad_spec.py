"""A spec that is YAML and wrong: each slip is told by `validate`, with its line, before anything is paid."""

from __future__ import annotations

from pathlib import Path

import pytest
from ended import KEY, Distill, refused

LINES = {
    # each is put in place of a line of the spec in tests/conftest.py, or behind its last one
    "an octal number": ("deadline: 010", "task.yaml:8", "reads as octal", "in quotes"),
    "an hour that is none": ("deadline: 25:00", "task.yaml:8", "'25:00'", "a time of day"),
    "true for a number": ("budget: {usd: true}", "task.yaml:8", "expected a number"),
    "on for a count": ("expect: {rows: on}", "task.yaml:8", "expected a whole number"),
    "a value for a group": ("budget: 5", "task.yaml:8", "a mapping of settings: usd"),
    "a comma in a number": ("expect: {rows: 1,000}", "task.yaml:8", "there is no comma"),
    "a key of another group": ("max_tokens: 5", "task.yaml:8", "it stands under"),
    "a key in an address": (
        f"judge: {{models: [{{model: m, base_url: 'http://h.example/{KEY}/v1'}}]}}",
        "looks like a key",
    ),
    "an address with a hole": (
        "judge: {models: [{model: m, base_url: 'https://<your-name>.example/v1'}]}",
        "<your-name>",
    ),
    "a host that cannot be": ("judge: {models: [{model: m, base_url: 'http://a..b/v1'}]}", "no host has such a name"),
    "a date that is none": ("about: 2026-13-45", "task.yaml:8", "is a date to YAML", "in quotes"),
    "a date": ("about: 2026-11-29", "task.yaml:8", "is a date to YAML"),
    "5,000 digits": ("about: " + "1" * 5000, "task.yaml:8", "a number of 5,000 digits"),
    "a hex number of 5,000": ("about: 0x" + "f" * 5000, "task.yaml:8", "digits"),
    "a number for a text": ("about: 17", "task.yaml:8", "expected a text; put it in quotes"),
    "a list for a text": ("about: [a, b]", "task.yaml:8", "expected a text"),
    "binary": ("about: !!binary aGVsbG8=", "task.yaml:8", "the tag 'tag:yaml.org,2002:binary'"),
    "a set": ("about: !!set {a, b}", "task.yaml:8", "the tag"),
    "a Python object": ("about: !!python/object/apply:os.system ['true']", "task.yaml:8", "the tag"),
    "a tag of one's own": ("about: !mine x", "task.yaml:8", "the tag '!mine'"),
    "no such bool": ("about: !!bool maybe", "task.yaml:8", "'maybe' is no `bool`"),
    "an int that is none": ("about: !!int ''", "task.yaml:8", "is no `int`"),
    "a merge of nothing": ("dedup: {<<: 1}", "task.yaml:8", "is no `map`"),
    "an escaped NUL": ('about: "a\\0b"', "task.yaml:8", "a NUL or half a character"),
    "half an emoji": ('about: "\\ud83d"', "task.yaml:8", "a NUL or half a character"),
    "a key that is a number": ("1: x", "task.yaml:8", "unknown key `1`"),
    "a key that is yes": ("yes: x", "task.yaml:8", "unknown key `yes`"),
    "a key that is null": ("~: x", "task.yaml:8", "unknown key `~`"),
    "a key that is a list": ("[a]: x", "task.yaml:8", "a key that is no plain text"),
    "a key twice": ("about: x\nabout: y", "task.yaml:9", "key `about` is given twice"),
    "an unknown key": ("jugde: {}", "task.yaml:8", "did you mean `judge`?"),
    "an empty group": ("dedup:", "task.yaml:8", "`dedup` is empty: expected a mapping of settings"),
    "a list for a group": ("dedup: []", "task.yaml:8", "expected a mapping of settings"),
    "a word for a group": ("dedup: no", "task.yaml:8", "`dedup` is False: expected a mapping of settings"),
    "an infinite budget": ("budget: {usd: .inf}", "task.yaml:8", "expected a finite number"),
    "a budget that is no number": ("budget: {usd: .nan}", "task.yaml:8", "expected a finite number"),
    "a budget of nothing": ("budget: {usd: 0}", "task.yaml:8", "expected a number above 0"),
    "a negative budget": ("budget: {usd: -5}", "task.yaml:8", "expected a number above 0"),
    "a budget with its sign": ("budget: {usd: $5}", "task.yaml:8", "expected a number"),
    "a gate that is none": ("gates: [shema]", "task.yaml:8", "gates[0]: unknown gate 'shema'; did you mean 'schema'?"),
    "no gates": ("gates: []", "task.yaml:8", "no gate is named"),
    "a gate twice": ("gates: [schema, schema]", "task.yaml:8", "schema is named twice"),
    "a gate that is null": ("gates: [null]", "task.yaml:8", "`gates.0` is empty: expected a text or a mapping"),
    "a gate's settings are a number": ("gates: [{length: 5}]", "task.yaml:8", "`length` are no mapping"),
    "too few tokens": ("gates: [{length: {max_tokens: -1}}]", "task.yaml:8", "greater than or equal to 1"),
    "a spread that is infinite": ("gates: [{length: {spread: .inf}}]", "task.yaml:8", "finite"),
    "a gate without its file": ("gates: [tools]", "task.yaml:8", "the gate `tools` needs teacher.tools"),
    "a pattern that is none": ("gates: [{form: {matches: '['}}]", "task.yaml:8", "no regular expression"),
    "a judge without its group": ("gates: [judge]", "task.yaml:8", "needs a group `judge:`"),
    "a deadline that is none": ("deadline: noon", "task.yaml:8", "expected a time of day"),
    "a deadline beyond all time": ("deadline: 99999999999d", "task.yaml:8", "366d at the most"),
    "more rows than a number holds": ("expect: {rows: 99999999999999999999999}", "task.yaml:8", "or less"),
    "fields that are none": ("dedup: {compare: [moood]}", "task.yaml:8", "no property 'moood'; did you mean 'mood'?"),
    "a key in the text": (f"about: 'curl -H \"Authorization: Bearer {KEY}\"'", "task.yaml:8", "looks like a key"),
}


@pytest.mark.parametrize("case", LINES)
def test_a_line_that_is_wrong(task: Path, distill: Distill, case: str) -> None:
    """One fault, at its line."""
    line, *parts = LINES[case]
    task.write_text(task.read_text() + f"{line}\n")
    refused(distill("validate", task), *parts)


TEACHER = {
    "a variable": ("model: $MODEL", "$MODEL", "--set teacher.model=$MODEL"),
    "a variable in braces": ("model: 'm', base_url: '${TEACHER_URL}'", "${TEACHER_URL}", "OPENAI_BASE_URL"),
    "no name": ("model: ''", "nothing stands in it"),
    "a blank name": ("model: '  '", "nothing stands in it"),
    "a list of names": ("model: [a, b]", "expected a text"),
    "no scheme": ("model: m, base_url: 'localhost:8000/v1'", "no http address"),
    "another scheme": ("model: m, base_url: 'ftp://x/v1'", "no http address"),
    "no host": ("model: m, base_url: 'http://'", "no http address"),
    "an empty address": ("model: m, base_url: ''", "is empty"),
    "a port that is none": ("model: m, base_url: 'http://127.0.0.1:99999/v1'", "port"),
    "a port of letters": ("model: m, base_url: 'http://127.0.0.1:http/v1'", "port"),
    "half an IPv6 address": ("model: m, base_url: 'http://[::1/v1'", "base_url"),
    "a blank in it": ("model: m, base_url: 'http://127.0.0.1:1/v1 '", "a blank"),
    "the whole path": ("model: m, base_url: 'http://h/v1/chat/completions'", "write 'http://h/v1'"),
    "the path of responses": ("model: m, base_url: 'http://h/v1/responses/'", "write 'http://h/v1'"),
    "a query": ("model: m, base_url: 'http://h/v1?api-key=hunter2secret'", "query", "withheld"),
    "a password": ("model: m, base_url: 'http://me:hunter2secret@h/v1'", "withheld", "headers"),
    "a key for its variable": (f"model: m, key_env: {KEY}", "looks like a key; put the NAME"),
    "a key that could be a name": ("model: m, key_env: Zk9fQ2xLmT7vB4nR8wYs3Hd6", "looks like a key"),
    "a hex key": ("model: m, key_env: 'a0123456789abcdef0123456789abcdef'", "looks like a key"),
    "a password for its variable": ("model: m, key_env: 'hunter2secret!'", "the NAME of an environment variable"),
    "a dollar before the variable": ("model: m, key_env: $OPENAI_API_KEY", "the NAME of an environment variable"),
    "a key that is a setting": (
        f"model: m, api_key: {KEY}",
        "unknown key `teacher.api_key`",
        "`key_env` takes the NAME",
    ),
    "a key for a model": (f"model: {KEY}", "looks like a key"),
    "a key in the extra fields": (f"model: m, sampling: {{extra: {{user: {KEY}}}}}", "looks like a key"),
    "a key in a header": ("model: m, headers: {api-key: hunter2secret}", "looks like a key"),
    "a bearer in a header": (f"model: m, headers: {{X-Mine: 'Bearer {KEY}'}}", "looks like a key"),
    "a header whose variable is not set": ("model: m, headers: {api-key: $NOT_SET_HERE}", "NOT_SET_HERE is not set"),
    "a model that is not embedded": ("model: embedded/smollm-135m", "did you mean 'embedded/smollm2-135m'?"),
    "a temperature of 99": ("model: m, sampling: {temperature: 99}", "2 or less"),
    "no tokens": ("model: m, sampling: {max_tokens: 0}", "1 or more"),
    "10^22 tokens": ("model: m, sampling: {max_tokens: 99999999999999999999999}", "10,000,000 or less"),
    "an infinite price": ("model: m, price: {input: .inf, output: 1}", "expected a finite number"),
    "a negative price": ("model: m, price: {input: -1, output: 1}", "0 or more"),
    "no number that JSON has": ("model: m, sampling: {extra: {a: [.nan]}}", "a value that JSON does not"),
    "a NUL in a prompt's name": ('model: m, prompt: "a\\0b.md"', "NUL"),
    "no such prompt": ("model: m, prompt: nothere.md", "no such file; the folder holds student.md, teacher.md"),
    "a folder for a prompt": ("model: m, prompt: .", "a folder, expected a file"),
    "a name that no system takes": ("model: m, prompt: " + "x" * 5000, "expected a name of at most 4,000 characters"),
    "the same model twice": ("model: m, fallback: [{model: m}]", "asks 'm' the very same"),
    "a panel and a fallback": ("model: m, fallback: [{model: n}], panel: [{model: o}]", "fallback or panel, not both"),
    "an API that is none": ("model: m, api: assistants", "expected 'chat' or 'responses'"),
    "in flight by half": ("model: m, limits: {in_flight: 1.5}", "expected a whole number"),
}


@pytest.mark.parametrize("case", TEACHER)
def test_a_teacher_that_cannot_be_asked(task: Path, distill: Distill, case: str) -> None:
    """Told by `validate`, of line 4, before anything is sent."""
    given, *parts = TEACHER[case]
    task.write_text(task.read_text().replace("model: scripted,", f"{given},"))
    refused(distill("validate", task), "task.yaml:4", *parts)


OTHERS = {
    "a label that is no column": ("by: [kind]", "by: [knid]", "task.yaml:3", "did you mean 'kind'?"),
    "a gold column that is none": ("gold: expected", "gold: expektet", "task.yaml:2", "gold", "expektet"),
    "more test rows than seeds": ("{share: 0.25}", "{rows: 900}", "task.yaml:2", "900 asked of 48 seeds"),
    "more rows than seeds": ("accept: 20", "accept: 4000", "task.yaml:5", "4000"),
    "an edge case nobody has": (
        "by: [kind]", "by: [kind], edge_cases: [{where: {kind: zzz}, at_least: 2}]", "task.yaml:3", "zzz",
    ),
    "an infinite edge case": (
        "by: [kind]", "by: [kind], edge_cases: [{where: {kind: a}, at_least: .inf}]", "task.yaml:3", "finite",
    ),
    "seeds that are not there": ("from: seeds.jsonl", "from: none.jsonl", "task.yaml:2", "none.jsonl"),
    "no seeds named": ("from: seeds.jsonl", "from: []", "task.yaml:2", "seeds.from"),
    "a base that is not known": ("with: none", "with: lora, base: llama", "task.yaml:6", "no such folder or file: llama"),
    "a base that is misspelt": (
        "with: none", "with: lora, base: embedded/smollm-135m", "task.yaml:6", "did you mean 'embedded/smollm2-135m'?",
    ),
    "a student that is never made": ("arms: [teacher]", "arms: [student]", "task.yaml:7", "nothing is trained"),
    "an arm twice": ("arms: [teacher]", "arms: [teacher, teacher]", "task.yaml:7", "named twice"),
    "an arm that is none": ("arms: [teacher]", "arms: [techer]", "task.yaml:7", "did you mean 'teacher'?"),
    "a schema that is not there": ("answer.schema.json", "anwser.schema.json", "task.yaml:4", "no such file"),
    "a student's prompt that is not there": ("with: none}", "with: none}, prompt: x.md", "task.yaml:6", "no such file"),
    "a name in capitals": ("task: mood", "task: My Mood", "task.yaml:1", "lower-case letters"),
    "no price under a budget": (
        "model: scripted,", "model: nobody-knows-it, base_url: 'http://h.example/v1',", "task.yaml:4", "teacher.price",
    ),
    "no price of a server of one's own": (
        "model: scripted,", "model: qwen, base_url: 'http://127.0.0.1:9/v1',", "teacher.price", "{input: 0, output: 0}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHERS)
def test_a_setting_that_nothing_gives(task: Path, distill: Distill, case: str) -> None:
    """What the spec names and its files, or this machine, do not have."""
    old, new, *parts = OTHERS[case]
    budget = ["--set", "budget.usd=5"] if "price" in case else []
    assert old in task.read_text()
    task.write_text(task.read_text().replace(old, new))
    refused(distill("validate", task, *budget), *parts)
