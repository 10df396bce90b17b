"""How good one answer is. A metric is a function `(example, answer text) → Score` in 0..1; one that cannot judge raises `NotScorable`.

    answers   schema, json_fields, agreement: an answer as the value that it is
    calls     tool_calls, agreement_tool_calls: the right tools with the right arguments
    texts     chrf, bleu, rouge_l, embedding: how like free text is to the known or the teacher's
    names     what each is called, and which one carries the verdict

`verify` and the task's own functions run in the sandbox, see `distill.evaluate.scoring`.
"""

from distill.evaluate.metrics.answers import (
    FREE_TEXT,
    NO_ANSWER,
    NO_KNOWN,
    REORDERED,
    Example,
    Metric,
    NotScorable,
    agreement,
    expected,
    json_fields,
    known,
    schema,
)
from distill.evaluate.metrics.calls import agreement_tool_calls, tool_calls
from distill.evaluate.metrics.names import measure

METRICS: dict[str, Metric] = {
    "json_fields": json_fields, "schema": schema, "agreement": agreement, "tool_calls": tool_calls,
    "agreement_tool_calls": agreement_tool_calls,
}  # fmt: skip

__all__ = [
    "FREE_TEXT",
    "METRICS",
    "NO_ANSWER",
    "NO_KNOWN",
    "REORDERED",
    "Example",
    "Metric",
    "NotScorable",
    "agreement",
    "expected",
    "json_fields",
    "known",
    "measure",
    "schema",
]  # fmt: skip
