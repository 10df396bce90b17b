"""How servers really answer: bodies of chat completions and responses with the reading that is right for each.

    load("vllm")  → [Body("vllm answer", …, reading={"ended": "ok", "text": …}), …]

One file a named server (`vllm.jsonl` …), one a kind that no server owns (`hostile.jsonl` …), and `others.jsonl` for hosts
with few of their own; a body a line:

    {"name", "server", "api", "status", "headers", "body", "reading"}

`reading` holds the keys that matter, as `records.Answer` names them. A body is a text or a recipe (template.py), so that
large ones stay small here. The reader of replies is tested against all of them, and the fault server answers with them.

corpus     the lines, read and checked
template   recipes, and the words that are put into them
draw       which of them an attempt meets at the fault server
"""

from distill.testing.dialects.corpus import KINDS, SERVERS, Body, load, names

__all__ = ["KINDS", "SERVERS", "Body", "load", "names"]
