"""Judges with known biases on real questions: what is reported is the truth, and the verdict is put right."""

from __future__ import annotations

import random
from statistics import fmean

import pytest
from attacks import attacks

from distill.curate.gates.judge.verdict import NoVerdict
from distill.evaluate.judging.asking import EvaluationJudges, JudgeDraw, JudgeQuestion
from distill.evaluate.judging.comparing import pairwise_results
from distill.evaluate.judging.measures.pairwise import PairwiseResult
from distill.evaluate.judging.questions import AnswersToTests, RowToJudge
from distill.records import Answer, Ended
from distill.spec import BatchSettings, EndpointLimits, Sampling
from distill.spec.judge import Rubric
from distill.teacher.endpoint.address import Address, Model
from distill.testing.judges import BiasedJudge

RUBRIC = Rubric("evaluate", "Which reply helps more?", {"accuracy": "It is right."})
MODEL = Model(Address("judge", "http://127.0.0.1:9/v1"), Sampling(), EndpointLimits(), "live", BatchSettings())
LENGTH = 100


def answers(rows: int, *, level: float, longer_by: int, seed: int) -> tuple[AnswersToTests, dict[str, float]]:
    """(what is judged, the hidden quality of each text): the student's is `level` better and `longer_by` longer on the mean."""
    random.seed(seed)
    quality, texts = dict[str, float](), {"student": dict[str, str](), "teacher": dict[str, str]()}
    for n in range(rows):
        for arm, better, more in (("student", level, longer_by), ("teacher", 0.0, 0)):
            length = max(20, round(random.gauss(300 + more, LENGTH / 2**0.5)))
            text = f"{arm[0]}{n} ".ljust(length, "x")
            texts[arm][f"r{n:04}"], quality[text] = text, better + random.gauss(0, 0.5)
    shown = [RowToJudge(f"r{n:04}", f"message {n}", None) for n in range(rows)]
    return AnswersToTests(shown, texts, "Reply kindly.", 1, ["teacher"]), quality


def judged(asked: AnswersToTests, judge: BiasedJudge) -> PairwiseResult:
    """Each question as it is sent, and each reply as it is read."""
    judges = EvaluationJudges([MODEL], RUBRIC)
    verdicts = {
        question: judges.read(question, Answer("r", Ended.OK, judge(judges.request(JudgeDraw(question, 0))), "stop"))
        for question in asked.comparing()
    }
    return pairwise_results(judges.names, asked, verdicts)[0]


def truth(asked: AnswersToTests, judge: BiasedJudge) -> tuple[float, float]:
    """(how much more often than half of the time the judge takes the first, the win rate of a judge without a bias)."""
    both = [(asked.texts["student"][row.seed_id], asked.texts["teacher"][row.seed_id]) for row in asked.rows]
    place = fmean((judge.chance(ours, theirs) + judge.chance(theirs, ours)) / 2 - 0.5 for ours, theirs in both)
    return place, fmean(judge.fair_chance(ours, theirs) for ours, theirs in both)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_biased_judge_is_seen_through(seed: int) -> None:
    """1,500 pairs. The student is worse and longer; the judge likes the first and the longer one, and calls the student the winner."""
    asked, quality = answers(1500, level=-0.35, longer_by=70, seed=seed)
    judge = BiasedJudge(quality.__getitem__, first=0.7, longer=1.5, scale=LENGTH, seed=seed)
    place, fair = truth(asked, judge)
    found = judged(asked, judge)
    bias = found.by_judge[0]
    assert bias.position is not None
    assert abs(bias.position.mean - place) < 0.02
    assert bias.position.low <= place <= bias.position.high
    assert bias.inconsistent > 150
    assert found.win_rate is not None
    assert found.win_rate.low > 0.5, "the biases had not turned it"
    assert found.length is not None
    both = [(asked.texts["student"][row.seed_id], asked.texts["teacher"][row.seed_id]) for row in asked.rows]
    seen = fmean((judge.chance(ours, theirs) + 1 - judge.chance(theirs, ours)) / 2 for ours, theirs in both)
    assert abs(found.length.adds.mean - (seen - fair)) < 0.02
    assert fair < 0.45
    assert abs(found.length.at_equal_length.mean - fair) < 0.03
    assert found.length.at_equal_length.high < 0.5


def test_a_fair_judge_is_not_accused() -> None:
    asked, quality = answers(400, level=0.4, longer_by=50, seed=3)
    judge = BiasedJudge(quality.__getitem__, scale=LENGTH)
    found = judged(asked, judge)
    assert found.inconsistent == 0
    assert found.by_judge[0].position is not None
    assert found.by_judge[0].position.mean == 0
    assert found.length is not None
    assert found.length.adds.low < 0 < found.length.adds.high
    assert found.length.at_equal_length.low > 0.5


def test_pairs_without_a_verdict_are_counted_and_never_guessed() -> None:
    asked, quality = answers(200, level=0, longer_by=0, seed=4)
    found = judged(asked, BiasedJudge(quality.__getitem__, malformed=0.2, ties=0.3))
    assert 40 < found.unjudged < 110
    assert found.pairs + found.unjudged == 200
    assert found.ties > 20
    assert len(found.best) == len(found.worst) == 3
    assert all(one.outcome == 1 and "first one reads better" in one.reason for one in found.best)


def test_the_clearest_pairs_are_shown_first() -> None:
    asked, quality = answers(60, level=0, longer_by=0, seed=6)
    judges, judge = EvaluationJudges([MODEL], RUBRIC), BiasedJudge(quality.__getitem__)
    replies = {one: judge(judges.request(JudgeDraw(one, 0))) for one in asked.comparing()}
    verdicts = {one: judges.read(one, Answer("r", Ended.OK, text, "stop")) for one, text in replies.items()}
    marks = {(arm, seed): quality[text] for arm, texts in asked.texts.items() for seed, text in texts.items()}
    found = pairwise_results(judges.names, asked, verdicts, marks)[0]
    ahead = [marks["student", one.seed_id] - marks["teacher", one.seed_id] for one in found.best]
    behind = [marks["student", one.seed_id] - marks["teacher", one.seed_id] for one in found.worst]
    assert ahead == sorted(ahead, reverse=True)
    assert behind == sorted(behind)
    assert ahead[0] > 0.5
    assert behind[0] < -0.5


def test_orders_in_an_answer_change_no_verdict() -> None:
    """The student's answers are attacks that ask for the best mark; the judge thinks little of them, and that is what is read."""
    hostile = list(dict.fromkeys(text for _, text in attacks("0" * 32)))
    texts = {
        "student": {
            f"r{n}": text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            for n, text in enumerate(hostile)
        },
        "teacher": {f"r{n}": f"Paris, of course ({n})." for n in range(len(hostile))},
    }
    shown = [RowToJudge(f"r{n}", "What is the capital of France?", None) for n in range(len(hostile))]
    found = judged(
        AnswersToTests(shown, texts, "", 1, ["teacher"]),
        BiasedJudge(lambda text: 30.0 if text.startswith("Paris, of course") else -30.0),
    )
    assert found.losses == len(hostile) >= 160


def test_a_missing_verdict_says_why() -> None:
    judges, asked = EvaluationJudges([MODEL], RUBRIC), answers(1, level=0, longer_by=0, seed=1)[0]
    question = next(iter(asked.comparing()))
    right = BiasedJudge(lambda _: 0.0)(judges.request(JudgeDraw(question, 0)))
    for text, said in (
        ("no", "unreadable"),
        (right.replace('"first"', '"both"').replace('"second"', '"both"'), "expected first, second or tie"),
        (right.replace('"code": "', '"code": "0'), "forged"),
        (right[:-1] + ', "winner": 1}', "which was not asked for"),
        (right.replace('"reason"', '"why"'), "without reason"),
    ):
        verdict = judges.read(question, Answer("r", Ended.OK, text, "stop"))
        assert isinstance(verdict, NoVerdict)
        assert said in verdict.reason
    assert isinstance(judges.read(JudgeQuestion(0, question.about), Answer("r", Ended.OK, right, "length")), NoVerdict)
