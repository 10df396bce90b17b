"""What a student costs by the day, whatever is asked of it: machines that serve it, retraining and repairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from distill.advise.assumptions import QUARTER_DAYS
from distill.advise.quantity import Quantity, mean_of, unknown
from distill.advise.roi.break_even import ServingCost
from distill.advise.roi.call_costs import GivenPrices, served_here
from distill.advise.roi.run_figures import RunFigures
from distill.money import LOCAL


def teachers_machine(run: RunFigures, prices: GivenPrices, hour: Quantity) -> ServingCost:
    """A teacher that runs on one's own machine needs one as the student does."""
    if prices.teacher is not None or not run.teacher.startswith(LOCAL):
        return ServingCost()
    arm = run.arms.get("teacher")
    return ServingCost((hour.value or 0.0) * 24, mean_of("", arm.seconds if arm else [], "s").value or 0.0)


def seconds(run: RunFigures, hosting: Quantity) -> Quantity:
    """By which a machine is full; not known where the student did not answer here: then one machine is counted."""
    arm, name = run.arms.get("student"), "seconds a call"
    if not hosting.value:
        return Quantity(name, 0.0, "s", "given", "its host sees to the machines")
    if arm is None:
        return unknown(name, "s", "the student answered nothing yet; one machine is counted")
    return mean_of(name, arm.seconds, "s", "of the student on this machine: how many machines a volume needs")


def hosting(run: RunFigures, prices: GivenPrices, hour: Quantity) -> Quantity:
    if not served_here(run, prices):
        return Quantity("a machine that serves it", 0.0, "$ a day", "given", "a host serves it and charges its tokens")
    return Quantity("a machine that serves it", (hour.value or 0.0) * 24, "$ a day", hour.source, "day and night")


def upkeep(parts: Sequence[Quantity], assumed: Mapping[str, Quantity]) -> Quantity:
    """A quarter's retrainings and repairs, by the day."""
    held = {name: one.value or 0.0 for name, one in assumed.items()}
    paid = {one.name: one.value for one in parts}
    again = [paid["data"], paid["judging"], paid["training"], paid["evaluation"]]
    name, unit = "retraining and repairs", "$ a day"
    if held["retrainings"] and any(one is None for one in again):
        return unknown(name, unit, "a part of what was paid once is not known")
    data, judging, training, evaluation = (one or 0.0 for one in again)
    each = (data + judging) * held["fresh_data"] + training + evaluation + held["retrain_hours"] * held["hourly_usd"]
    repairs = held["repairs"] * held["hours"] * held["hourly_usd"]
    note = f"{held['retrainings']:g} × ${each:,.2f} and ${repairs:,.2f} of repairs a quarter"
    return Quantity(name, (held["retrainings"] * each + repairs) / QUARTER_DAYS, unit, "default", note)
