"""What a probe of a refresh found: by stratum how far the new teacher's answers differ, and the plan that follows, with its price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from distill.generate.kept import Relabel
from distill.plan.estimate import Cost, SpenderEstimate, total
from distill.records import Json
from distill.stats import Estimate
from distill.strata.growth import GrownStratum

FILE = "refresh.json"


@dataclass(frozen=True, slots=True)
class Disagreements:
    """Rows of a sample on which the two teachers differ and one known answer tells who is right."""

    known: int = 0
    new_right: int = 0
    """Only the new teacher has the known answer."""
    old_right: int = 0
    both: int = 0
    """Both have it, in words that differ."""
    neither: int = 0

    @property
    def gained(self) -> int:
        """Answers that the new teacher has right, less those that only the old one has."""
        return self.new_right - self.old_right


@dataclass(frozen=True, slots=True)
class JudgedPreference:
    """Rows of a sample on which the two teachers differ and no known answer tells who is right: whose answer a judge prefers."""

    pairs: int = 0
    """Those that a judge compared, in both orders."""
    new_better: int = 0
    old_better: int = 0
    ties: int = 0
    """Neither is better."""
    by_order: int = 0
    """Of the ties, those in which every judge went with the order."""
    unread: int = 0
    """Pairs without a verdict that can be read."""
    for_new: Estimate | None = None
    """The share that the new answers win, a tie counted as half; None where no pair was compared."""

    @property
    def clearly_old(self) -> bool:
        return self.for_new is not None and self.for_new.high < _EVEN

    @property
    def clearly_new(self) -> bool:
        return self.for_new is not None and self.for_new.low > _EVEN


_EVEN = 0.5


@dataclass(frozen=True, slots=True)
class StratumProbe:
    """A sample of one stratum. `changed` is the share of answers that differ in value; None where nothing was answered."""

    stratum: str
    rows: int
    """Training rows with an answer of the earlier run."""
    asked: int
    answered: int
    changed: Estimate | None
    known: Disagreements
    relabel: bool
    why: str
    judged: JudgedPreference | None = None
    """None where no judge was asked: the spec names none, or nothing depends on it."""

    @property
    def old_better(self) -> bool:
        """Whether the old answers stay since they are the better ones."""
        return not self.relabel and (self.known.gained < 0 or (self.judged is not None and self.judged.clearly_old))


@dataclass(frozen=True, slots=True)
class Expected:
    """What asking the chosen strata anew is expected to change of the training rows."""

    answers: int
    """Answers that will differ."""
    right: Estimate | None = None
    """Of the chosen strata's rows with a known answer, new teacher minus old, share of the sample; None where none is known."""
    judged: JudgedPreference | None = None
    """What a judge prefers in the chosen strata; None where none was asked."""


@dataclass(frozen=True, slots=True)
class GrowthPlan:
    """A stratum that is to grow, and what there is to ask for it."""

    grown: GrownStratum
    unasked: int
    """Real seeds that nobody was asked yet, and new ones that train by their known answer."""
    synthetic: int
    """Rows that only synthetic seeds can give; none are made without `seeds.expand`."""


@dataclass(frozen=True, slots=True)
class RefreshPlan:
    """`spenders` are what is still to be paid for, the probe's own answers not among them."""

    run: str
    changes: Sequence[str]
    """Settings and files that changed since that run; none where there is nothing to refresh."""
    teacher: str = ""
    earlier: str = ""
    strata: Sequence[StratumProbe] = ()
    new_rows: int = 0
    """Seeds that the earlier run did not have."""
    expected: Expected = Expected(0)
    spenders: Sequence[SpenderEstimate] = ()
    probe_requests: int = 0
    """Requests that the probe sent to the teacher."""
    judge_requests: int = 0
    """Requests that it sent to judges."""
    probe_usd: float | None = 0.0
    """Dollars of both."""
    usd_per_answer: float | None = None
    """Of the sample, on average; None where no price is known or nothing was sampled."""
    retrain: bool = False
    advice: str = ""
    warnings: Sequence[str] = ()
    growth: Sequence[GrowthPlan] = ()
    """Strata that get more rows, since the student of the run before missed most there."""
    relabel: Relabel | None = None
    """Which rows the run asks anew; None where nothing changed."""
    idle: bool = False
    """Only the teacher changed, and nothing is worth asking it anew: a run would come to the same student."""

    @property
    def unchanged(self) -> bool:
        return not self.changes

    @property
    def chosen(self) -> list[str]:
        """Strata that are asked anew."""
        return [one.stratum for one in self.strata if one.relabel]

    @property
    def cost(self) -> Cost:
        return total([one.cost for one in self.spenders]) if self.spenders else Cost(0.0, 0.0, 0.0, 0.0)

    @property
    def usd_expected(self) -> float | None:
        """Dollars of what is still to be sent, by what an answer of the sample cost; None where that is not known."""
        known = [self._expected(one) for one in self.spenders]
        return None if None in known else sum(usd for usd in known if usd is not None)

    def _expected(self, spender: SpenderEstimate) -> float | None:
        usd = spender.cost.usd_expected
        if usd is not None or not spender.to_send:
            return usd or 0.0
        return None if self.usd_per_answer is None else spender.to_send * self.usd_per_answer

    @property
    def requests(self) -> int:
        """Requests that are still to be sent."""
        return sum(one.to_send for one in self.spenders)

    def as_json(self) -> dict[str, Json]:
        return {
            **asdict(self), "spenders": [one.as_json() for one in self.spenders], "unchanged": self.unchanged,
            "relabel_strata": self.chosen, "requests": self.requests,
            "usd_expected": self.usd_expected, "usd_at_most": self.cost.usd_at_most,
        }  # fmt: skip
