"""Whether more rows are worth their price: what the last rows brought, what twice as many would bring, and what these cost.

more        twice the rows is projected to bring something, and the whole interval says so
enough      the whole interval of that projection lies below the margin: what is gained, if anything, does not matter
undecided   neither; then the projection is not told, since it says nothing
"""

from __future__ import annotations

from distill.evaluate.curve.fit import FEWEST_POINTS
from distill.evaluate.curve.result import CurveAdvice, Doubling, LastStep, RowPrice
from distill.text.percentages import points, signed


def decided(projected: tuple[float, float, float] | None, rows: int, margin: float) -> Doubling | None:
    """The projection of twice `rows`, where its interval lies above zero or below the margin; else None."""
    if projected is None:
        return None
    gain, low, high = projected
    return Doubling(2 * rows, gain, low, high) if low > 0 or high < margin else None


def advise(
    step: LastStep, doubling: Doubling | None, price: RowPrice, *, margin: float, seeds: int, marks: int
) -> CurveAdvice:
    """The advice; `margin` is the share of a score that matters, `seeds` and `marks` how many were trained."""
    more, cost = step.to_rows, cost_text(price, step.to_rows)
    said = f"the last {step.to_rows - step.from_rows:,} rows brought {_points(step)}"
    if step.gain.small:
        few = f"{step.gain.n} test rows are too few to tell whether more training rows are worth their price"
        return CurveAdvice("undecided", f"Not decided: {few}; {said}.")
    if doubling is not None and doubling.high < margin:
        reach = f"at most {points(max(doubling.high, 0.0))}, less than the {points(margin)} that matter"
        return CurveAdvice(
            "enough",
            f"More rows of this kind are not worth their price: {said}, and {doubling.rows:,} rows are projected to bring {reach}; {more:,} more {cost}.",
        )
    if doubling is not None and step.gain.high > 0:
        span = f"{signed(doubling.gain)} points ({signed(doubling.low)} to {signed(doubling.high)})"
        return CurveAdvice(
            "more",
            f"More rows help: {said}, and {doubling.rows:,} rows are projected to bring {span}; {more:,} more {cost}.",
        )
    clear = "" if step.gain.low > 0 or step.gain.high < 0 else ", which may be chance"
    return CurveAdvice(
        "undecided",
        f"Whether more rows are worth their price is not decided: {said}{clear}; {more:,} more {cost}. To tell, it takes {_missing(seeds, marks)}.",
    )


def _missing(seeds: int, marks: int) -> str:
    """What would tell more."""
    if marks < FEWEST_POINTS:
        return f"at least {FEWEST_POINTS} points (--rows)"
    return "more seeds (--seeds 3) or more test rows" if seeds < 3 else "more test rows"


def cost_text(price: RowPrice, rows: int) -> str:
    """What so many more rows take, e.g. "cost about $3.20 at $0.0080 a row"."""
    if price.bought == 0:
        return "would be known answers, which this run has not paid for"
    if price.usd is None:
        return "cost what nobody knows, as no price is known for these answers"
    if price.usd == 0:
        return "cost nothing but time"
    return f"cost about {_usd(price.usd * rows)}, at {_usd(price.usd)} a row"


def _usd(value: float) -> str:
    return f"${value:,.2f}" if value >= 1 else f"${value:.2g}"


def _points(step: LastStep) -> str:
    gain = step.gain
    return f"{signed(gain.mean)} points ({signed(gain.low)} to {signed(gain.high)}, n = {gain.n})"
