"""Text that goes round in circles."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.curate.gates.repetition import repetition

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
        "We have noted your question about the card. " * 3,
        "Of course! " + "ha" * 80,
        "The total is 0.3" + "3" * 120,
        "ご連絡ありがとうございます。" * 4,
        "请您稍后再试，" * 4,
        "ランプの到着が遅れておりますことを深くお詫び申し上げます。" * 3,
        "กรุณารอสักครู่" * 5,
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
    "answer",
    [
        PROSE,
        "",
        "no no no",
        "Bye bye, bye bye!",
        '{"tags": ["a", "a", "a", "a", "a"]}',
        "ha " * 7,
        "Hahaha! Sooooo late.",
        "Name: ______________________________",
        "哈哈哈哈哈哈哈哈",
        "はい、はい、わかりました。",
        "We have noted it. We have noted it. We have noted it.",
        "| 无 | 有 | 无 |",
        "お客様のランプは月曜日に発送されました。到着は木曜日の予定です。到着しましたらお知らせください。",
    ],
)
def test_what_people_write_stays(frame, answer):
    assert repetition(frame({"answer": answer})).kept.height == 1


@pytest.mark.parametrize("part", ["a", "ab ", "水", "水火木", "hahb", "日本語abc" * 3 + "x"])
def test_no_text_takes_long(frame, part):
    """Runs and phrases are bounded, so 100,000 characters are a matter of a second or two."""
    start = time.process_time()
    repetition(frame({"answer": part * (100_000 // len(part))}))
    assert time.process_time() - start < 5


@given(st.text(max_size=300))
def test_no_text_stops_the_gate(frame, text):
    assert repetition(frame({"answer": text})).report["in"] == 1
