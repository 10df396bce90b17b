"""Text that goes round in circles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.curate.repetition import repetition

PROSE = (
    "The kettle that I ordered last week came with a crack in its glass, so I packed it up again and took it to the post office "
    "near the station. A clerk weighed the parcel, printed a label, and told me that it would be back at your warehouse by "
    "Thursday. Since then nobody has answered my letters, although the tracking page says that it was signed for two days ago."
)


@pytest.mark.parametrize(
    "answer",
    [
        "no " * 8,
        "the lamp is broken " * 4,
        '{"summary": "refund the lamp refund the lamp refund the lamp refund the lamp"}',
        "\n".join(["- item one of the list"] * 6 + [PROSE]),
        PROSE + " " + PROSE,
        " ".join(f"and the lamp {word}" for word in PROSE.split()),
    ],
)
def test_circles_of_every_kind_go(frame, answer):
    out = repetition(frame({"answer": answer}))
    assert out.dropped["reason"].to_list() == ["repetition"]
    assert out.dropped["detail"][0]


@pytest.mark.parametrize(
    "answer", [PROSE, "", "no no no", "Bye bye, bye bye!", '{"tags": ["a", "a", "a", "a", "a"]}', "ha " * 7]
)
def test_what_people_write_stays(frame, answer):
    assert repetition(frame({"answer": answer})).kept.height == 1


@given(st.text(max_size=300))
def test_no_text_stops_the_gate(frame, text):
    assert repetition(frame({"answer": text})).report["in"] == 1
