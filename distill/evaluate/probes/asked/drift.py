"""Drift: does the form of the answer hold where the input is long or odd?

Long inputs are test inputs with the text of other rows behind them. Odd ones are emoji, other scripts, nothing at all, one character
again and again, and the like. The form holds where there is a whole answer that obeys the task's schema; without a schema, where there is
one that does not go round in circles. The number is how much less often it holds than on the plain test rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from distill.evaluate.metrics import Example, NotScorable, schema
from distill.evaluate.probes.result import ProbeExample, ProbeQuestion, ProbeResult, scaled
from distill.evaluate.probes.rows import AnsweredRow, grams, together, words
from distill.records import Json
from distill.stats import Estimate, paired_difference, proportion

PROBE = "drift"
ROWS = 35
"""As few as show a loss of at most 10 points where no form breaks."""
_TIMES, _MOST = 4, 3_000
"""A long input is so many times as long as the test inputs are in the mean, and at most so many characters."""
_CIRCLES = 0.5
"""Share of four words in a row that come again, from which a text goes round in circles (in 40 words or more)."""
_LONG = ProbeQuestion(PROBE, "long_inputs", "answers whose form holds, less on long inputs", "points", threshold=10.0)
_ODD = ProbeQuestion(PROBE, "odd_inputs", "answers whose form holds, less on odd inputs", "points", threshold=10.0)

QUESTIONS = (_LONG, _ODD)
ODD: tuple[str, ...] = (
    "", " ", "\n\n\n", ".", "?", "0", "🙂", "🎉🔥💯" * 12, "a" * 400, "ha " * 150, "!" * 200, "1234567890 " * 30,
    "你好，我需要帮助。", "مرحبا، أحتاج إلى مساعدة.", "Здравствуйте, мне нужна помощь.", "こんにちは、助けてください。", "שלום, אני צריך עזרה.",
    "<html><body><p>text</p></body></html>", '{"key": ["value", null, 1]}', "I̷ ̷n̷e̷e̷d̷ ̷h̷e̷l̷p̷",
    "\t\t\t", "-" * 80, ". . . . . . . . . .", "?!" * 60, "x", "the " * 120, "NULL", "undefined", "%s %d {0} {{name}} $HOME",
    "SELECT * FROM users; DROP TABLE users;--", "https://example.com/a?b=c&d=e#f", "b3VyIG9yZGVyIGlzIGxhdGU=", "😀😃😄😁😆😅🤣😂",
    "제 주문이 아직 오지 않았습니다.", "ฉันต้องการความช่วยเหลือ",
)  # fmt: skip
"""As many as `ROWS`."""


def long_inputs(tests: Sequence[str], others: Sequence[str], *, context: int | None = None) -> list[str]:
    """The first test inputs with other rows' text behind each, the next ones for each; `context` are the tokens that the student reads,
    of which the text gets two characters each.
    """
    pool = [text for text in others if text.strip()] or [text for text in tests if text.strip()]
    if not pool:
        return []
    room = _MOST if context is None else min(_MOST, 2 * context)
    size = min(room, _TIMES * max(1, sum(map(len, tests)) // len(tests)))
    made = []
    for n, text in enumerate(tests[:ROWS]):
        at, whole = n, text
        while len(whole) < size:
            whole = f"{whole}\n\n{pool[at % len(pool)]}"
            at += 1
        made.append(whole[: max(size, len(text))])
    return made


def form_holds(output: Mapping[str, Json] | None) -> Callable[[str | None], bool]:
    """Whether an answer has the form that the task asks for."""

    def holds(said: str | None) -> bool:
        if said is None or not said.strip():
            return False
        try:
            return schema(Example(schema=output), said).value == 1
        except NotScorable:
            return not _circles(said)

    return holds


def _circles(said: str) -> bool:
    found = words(said)
    if len(found) < 40:
        return False
    counts = Counter(grams(found, 4))
    return sum(n for n in counts.values() if n > 1) >= _CIRCLES * sum(counts.values())


def drift(
    rows: Sequence[AnsweredRow],
    long: Sequence[str | None],
    odd: Sequence[str | None],
    holds: Callable[[str | None], bool],
) -> list[ProbeResult]:
    """`long` are the answers to the long forms of the first of `rows`, `odd` those to `ODD`."""
    return [_long(rows[: len(long)], long, holds), _odd(rows, odd, holds)]


def _long(rows: Sequence[AnsweredRow], said: Sequence[str | None], holds: Callable[[str | None], bool]) -> ProbeResult:
    if not said:
        return _LONG.unmeasured("there is no test input to make longer")
    plain, now = [float(holds(row.student)) for row in rows], [float(holds(text)) for text in said]
    examples = [
        ProbeExample(row.seed_id, f"{row.input} … and other rows", text or "", "on the plain input the form held")
        for row, text, was, held in zip(rows, said, plain, now, strict=True)
        if was > held
    ]
    reason = (
        f"the form holds on {sum(now):.0f} of {len(now)} long inputs, and on {sum(plain):.0f} of the same as they were"
    )
    return _LONG.answered(scaled(paired_difference(plain, now, together(rows))), reason, examples)


def _odd(rows: Sequence[AnsweredRow], said: Sequence[str | None], holds: Callable[[str | None], bool]) -> ProbeResult:
    plain = [holds(row.student) for row in rows]
    if not said or not plain:
        return _ODD.unmeasured("no odd input was asked")
    usual, held = sum(plain) / len(plain), [holds(text) for text in said]
    share = proportion(sum(held), len(held))
    found = Estimate(usual - share.mean, usual - share.high, usual - share.low, share.n)
    examples = [
        ProbeExample(f"odd {n + 1}", asked[:80] or "(empty)", text or "")
        for n, (asked, text, fine) in enumerate(zip(ODD, said, held, strict=True))
        if not fine
    ]
    reason = f"the form holds on {sum(held)} of {len(held)} odd inputs, and on {sum(plain)} of {len(plain)} test rows"
    return _ODD.answered(scaled(found), reason, examples)
