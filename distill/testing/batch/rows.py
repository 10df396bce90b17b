"""An input file as its provider reads it: each line's place, the model, the tokens, and every fault with its number.

    {"custom_id": "row-7", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", "messages": [...]}}

Lines end at \\n and nowhere else. The bytes stay where they are; a line is parsed again when it is answered.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from distill.protocol.batch import fault
from distill.records import Json
from distill.teacher.batch.files.input_file import read
from distill.teacher.endpoint.client import encode
from distill.testing.completions import tokens_of


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request of a batch."""

    custom_id: str
    body: dict[str, Json]


@dataclass(slots=True)
class Rows:
    """The lines of a file. `faults` has the entries of `errors.data`; `tokens` is what all prompts come to."""

    data: bytearray
    places: array[int] = field(default_factory=lambda: array("Q"))
    model: str | None = None
    tokens: int = 0
    faults: list[dict[str, Json]] = field(default_factory=list)

    def __len__(self) -> int:
        return max(0, len(self.places) - 1)

    def __getitem__(self, index: int) -> RequestRow:
        line = self.line(index)
        return RequestRow(line["custom_id"], line["body"])

    def line(self, index: int) -> Json:
        """The JSON value of a line; ValueError where it is none."""
        return read(memoryview(self.data)[self.places[index] : self.places[index + 1]])


def rows_of(data: bytearray, endpoint: str, *, most: int) -> Rows:
    """Read and check every line; with more than `most` of them nothing but their number is checked."""
    rows = Rows(data, _places(data))
    if not len(rows):
        rows.faults.append(fault(code="empty_file", message="The input file is empty."))
    elif len(rows) > most:
        message = f"The batch input file holds {len(rows)} requests; the most a batch can have is {most}."
        rows.faults.append(fault(code="too_many_tasks", message=message))
    else:
        _check(rows, endpoint)
    return rows


def _places(data: bytearray) -> array[int]:
    """Where each line begins, and where the last one ends."""
    places, at = array("Q", [0]), 0
    while (at := data.find(b"\n", at) + 1) > 0:
        places.append(at)
    if places[-1] < len(data):
        places.append(len(data))
    return places


def _check(rows: Rows, endpoint: str) -> None:
    seen: set[str] = set()
    for index in range(len(rows)):
        try:
            line = rows.line(index)
            custom_id, body, model = line["custom_id"], line["body"], line["body"]["model"]
            sound = isinstance(custom_id, str) and isinstance(model, str) and isinstance(body, dict)
        except ValueError:
            rows.faults.append(
                fault(code="invalid_json_line", message="This line is not parseable as valid JSON.", line=index + 1)
            )
            continue
        except (LookupError, TypeError):
            sound = False
        if not sound:
            message = "A line needs a custom_id, a method, a url and a body with a model."
            rows.faults.append(fault(code="missing_required_parameter", message=message, line=index + 1))
            continue
        rows.faults.extend(_faults(line, index + 1, endpoint, seen, rows.model or model))
        seen.add(custom_id)
        rows.model = rows.model or model
        rows.tokens += tokens_of(len(encode(body)))


def _faults(line: dict[str, Json], number: int, endpoint: str, seen: set[str], model: str) -> list[dict[str, Json]]:
    """What is wrong with a whole line, as to the other lines and the batch."""
    found = []
    if line["custom_id"] in seen:
        message = f"The custom_id {line['custom_id']!r} is already used in this batch; each must be unique."
        found.append(fault(code="duplicate_custom_id", message=message, line=number, param="custom_id"))
    if line.get("method") != "POST" or line.get("url") != endpoint:
        message = f"The method and url of a request must be POST {endpoint}, as the batch's."
        found.append(fault(code="url_mismatch", message=message, line=number, param="url"))
    if line["body"]["model"] != model:
        message = f"The model {line['body']['model']!r} is not {model!r}; all requests of a batch must have one model."
        found.append(fault(code="model_mismatch", message=message, line=number, param="body.model"))
    return found
