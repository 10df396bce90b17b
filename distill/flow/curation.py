"""Answers into a dataset: gates, duplicates, leaks, pre-flight, balance, split; and what is still short of its quota."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from distill.flow import approving, asking, checking, disputes, fitting, judging, nearness
from distill.flow.asks import Asked, last_of, may_fall_back, may_redraw, requests
from distill.records import Answer
from distill.teacher.store import Store

if TYPE_CHECKING:
    import polars as pl

    from distill.curate.leaks import HeldOut
    from distill.flow.project import Project
    from distill.graph import Graph


@dataclass(frozen=True, slots=True)
class Curated:
    """`kept` are the dataset's rows with their fate; `dropped` every other one with its reason."""

    kept: pl.DataFrame
    rejected: pl.DataFrame
    dropped: pl.DataFrame
    funnel: list[dict[str, Any]]
    quotas: dict[str, int]
    accepted: frozenset[str]
    """Seeds with an answer that all gates let pass."""
    refused: frozenset[str]
    """Seeds that were answered, and not so that gates let it pass."""
    passed: Counter[str]
    through: frozenset[str]
    """Seeds of which a row came through every step, or may once it is judged."""
    spare: dict[str, int]
    conflicts: list[dict[str, Any]]
    """Rows for a person to decide about, with their inputs and answers; empty unless the spec asks for it."""
    contested: frozenset[str]
    """Seeds in conflict that are to be asked again; empty unless the spec asks for it."""
    bench: judging.Bench
    """What the judges were looked up for, and what is missing of it."""
    waiting: Mapping[str, str]
    """Seed → stratum of those that only a verdict is missing for: nothing more is asked in their place."""

    @property
    def settled(self) -> frozenset[str]:
        """Seeds that need no other answer: accepted, or waiting for a verdict."""
        return self.accepted | frozenset(self.waiting)

    flagged: pl.DataFrame
    """What gates would have dropped of the approved rows, which train all the same."""

    @property
    def lack(self) -> dict[str, int]:
        """Rows still missing in each stratum."""
        hoped = self.passed + Counter(self.waiting.values())
        lack = {stratum: quota - hoped[stratum] for stratum, quota in self.quotas.items()}
        return {stratum: count for stratum, count in lack.items() if count > 0}

    @property
    def short(self) -> dict[str, int]:
        """Those of the strata that have seeds left to ask."""
        return {stratum: count for stratum, count in self.lack.items() if self.spare.get(stratum, 0) > 0}

    @property
    def warnings(self) -> list[str]:
        """What a person should know of the steps before the rows are asked for, or trained on."""
        return [step["warning"] for step in self.funnel if "warning" in step]


def gates(project: Project, seeds: pl.DataFrame, bench: judging.Bench) -> list[tuple[str, dict[str, Any]]]:
    """The spec's gates, with what those for schema, tools, agreement, the task's own function and by models check against."""
    own: dict[str, dict[str, Any]] = {
        "schema": {"schema": project.output},
        "tools": {"tools": project.tools},
        "agreement": {"compare": disputes.compared(project.spec, project.output)},
        "verify": checking.given(project, seeds),
        **bench.gates,
    }
    return [(name, {**own.get(name, {}), **settings}) for name, settings in project.spec.gate_settings()]


def curate(
    project: Project, table: pl.DataFrame, asked: Asked, store: Store, graph: Graph | None = None,
    *, room: Mapping[str, int] | None = None, rulings: Mapping[str, str] | None = None,
) -> Curated:  # fmt: skip
    """All steps in order over what the store holds now; sends nothing.

    `graph` is the seeds', where the caller has it; `room` are seeds that could still be made, by stratum. `rulings` are answers
    that a person decided on, by seed: approved rows, and whatever a teacher said of them is one answer more.
    """
    import polars as pl

    from distill.curate import approved, conflicts, dedup, leaks, parts
    from distill.curate.gates import run_gates
    from distill.outcome import dropped_frame

    train = table.filter(pl.col("role") == "train")
    strata = dict(train.select("seed_id", "stratum").iter_rows())
    decided, last = approving.decided(train, rulings or {}), last_of(asked)
    ruled = frozenset(decided["seed_id"])
    askable = disputes.without(approving.askable(project, train), ruled - last.keys())
    samples, unanswered = _answered(project, train, asked, store)
    near, leak = project.spec.dedup.near, nearness.leak(project.spec)
    bench = judging.Bench(project, store, dict(train.select("seed_id", "gold").iter_rows()))
    settings = gates(project, train, bench)
    gated = run_gates(samples, settings)
    # A judge's verdict costs a call, and approved rows are to cost none.
    known = disputes.without(approving.approved(project, train), ruled)
    by_person = approving.samples(project, decided, model=approving.PERSON)
    gold = approved.check(pl.concat([approving.samples(project, known), by_person]), judging.free(settings))
    graph, compare = graph or nearness.graph(project.spec, table), disputes.compared(project.spec, project.output)
    on_conflict, again = project.spec.dedup.on_conflict, disputes.asked_again(project, asked) - ruled
    voted = [conflicts.vote(gated.kept, rows=again, compare=compare)] if on_conflict == "ask_again" else []
    answered = pl.concat([*(one.kept for one in voted or [gated]), gold.outcome.kept], how="diagonal")
    way = "abstain" if on_conflict == "ask_again" else on_conflict
    unique = dedup.duplicates(answered, near=near, compare=compare, on_conflict=way, graph=graph)
    clean = leaks.leaks(unique.kept, held_out=_held_out(project, table), near=leak, graph=graph)
    fit = fitting.fit(project, clean.kept)
    spare = Counter(askable["stratum"].to_list())
    spare.subtract(Counter(strata[seed] for seed in last))
    accepted = ruled.union(gated.kept["seed_id"])
    owed = gated.rejected.filter(pl.col("request_id").is_in(list(bench.owed)))["seed_id"]
    waiting = {seed: strata[seed] for seed in set(owed) - accepted}
    idle = sorted(set(askable["seed_id"]) - set(last))
    hope = {*idle, *waiting} | {
        seed for seed, teacher in last.items() if may_fall_back(project, seed, teacher, accepted)
    }
    declined = unanswered.filter(pl.col("reason") == "declined")["row"]
    refused = frozenset([*gated.rejected["seed_id"], *declined]) - accepted - set(waiting)
    hope |= may_redraw(project, asked, refused).keys()
    quotas = _quotas(project, train.filter(pl.col("seed_id").is_in(list(hope))), fit.kept, train, room or {})
    floors = [(case.where, case.at_least) for case in project.edge_cases]
    select = project.spec.dataset.select
    part = parts.parts(
        fit.kept, quotas=quotas, floors=floors, by=select.by, weight=select.weight, valid=project.spec.dataset.valid, near=leak,
        graph=graph,
    )  # fmt: skip
    passed = Counter(part.leaks.kept["stratum"].to_list())
    open_ones = (
        on_conflict in ("ask_again", "person") and {"conflict", "for_a_person"} & unique.report["dropped"].keys()
    )
    undecided = dedup.conflicts(answered, near=near, compare=compare, graph=graph) if open_ones else []
    contested = {seed for one in undecided for seed in one.rows if seed in last} - again - ruled if voted else set()
    resting = dropped_frame(
        (s, None, strata[s], "generate", "not_asked", f"the quota of {strata[s]} needs no more") for s in idle
    )
    steps = [gated, gold.outcome, *voted, unique, clean, fit, part.leaks, part.balance]
    funnel = [
        {
            "stage": "ask",
            "in": askable.height,
            "kept": askable.height - len(idle),
            "dropped": _some("not_asked", len(idle)),
        },
        {"stage": "answer", "in": len(asked), "kept": samples.height, "dropped": _counts(unanswered)},
        *gated.report["steps"],
        *([gold.outcome.report | _asked_before(ruled & last.keys())] if gold.outcome.report["in"] else []),
        *(step.report for step in steps[2:]),
    ]
    return Curated(
        kept=part.kept,
        rejected=pl.concat([step.rejected for step in steps], how="diagonal").sort("seed_id", "teacher", "draw"),
        dropped=pl.concat([resting, unanswered, *(step.dropped for step in steps)]),
        funnel=funnel, quotas=quotas, accepted=accepted, refused=refused, passed=passed, spare=dict(spare), flagged=gold.flagged,
        through=frozenset([*fit.kept["seed_id"], *waiting]),
        conflicts=[] if voted else conflicts.lines(undecided, answered), contested=frozenset(contested), bench=bench, waiting=waiting,
    )  # fmt: skip


def _held_out(project: Project, table: pl.DataFrame) -> list[HeldOut]:
    """Every row that must not train: those of the test, and of the evaluation sets that the spec names."""
    import polars as pl

    from distill.curate.leaks import HeldOut

    test = table.filter(pl.col("role") == "test").select("seed_id", "input", pl.col("gold").fill_null(""))
    named = (HeldOut(line, said, rest, name) for name, line, said, rest in project.held_out)
    return [*(HeldOut(*row) for row in test.iter_rows()), *named]


def wanted(project: Project, table: pl.DataFrame, room: Mapping[str, int]) -> dict[str, int]:
    """What each stratum should hold if no row were lost, and as many were made as `room` allows."""
    train = table.filter(role="train")
    return _quotas(project, train, train.clear(), train, room)


def _answered(project: Project, train: pl.DataFrame, asked: Asked, store: Store) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(samples, dropped): every question with its answer or with why there is none."""
    from distill.curate import answers
    from distill.outcome import dropped_frame

    fields = dict(train.select("seed_id", "fields").iter_rows())
    strata = dict(train.select("seed_id", "stratum").iter_rows())
    raise_to = [one.sampling.raise_to for one in project.teachers]
    unanswered: list[tuple[str, str | None, str, str, str, str]] = []

    def found() -> Iterator[dict[str, Any]]:
        for ask, asking_for in zip(asked, requests(project, train, asked), strict=True):
            request, answer = asking.final(store, asking_for, raise_to[ask.teacher])
            if answer is None or answer.declined:
                why = _why(store, request.id, answer)
                unanswered.append((ask.seed, request.id, strata[ask.seed], "teacher", *why))
                continue
            prompt = project.student_prompt.fill(json.loads(fields[ask.seed]))
            yield {
                "seed_id": ask.seed, "request_id": request.id, "teacher": ask.teacher, "draw": ask.draw,
                "prompt": prompt, "answer": answer,
            }  # fmt: skip

    return answers.samples(train, found()), dropped_frame(unanswered)


def _quotas(
    project: Project, hope: pl.DataFrame, clean: pl.DataFrame, train: pl.DataFrame, room: Mapping[str, int]
) -> dict[str, int]:
    """Quotas over what each stratum can still give: rows that passed, seeds of which there is hope, and those that could be
    made from its training seeds.
    """
    import polars as pl

    from distill.seeds import strata

    rows = [*_labelled(clean), *_labelled(hope)]
    available = Counter(stratum for stratum, _ in rows)
    matches = strata.matching(rows, project.edge_cases)
    if room:
        made_from = strata.matching(_labelled(train), project.edge_cases)
        for stratum, count in room.items():
            available[stratum] += count
            for match, origin in zip(matches, made_from, strict=True):
                if stratum in origin:
                    match[stratum] = match.get(stratum, 0) + count
    return strata.quotas(
        available,
        dict([*_labelled(train), *rows]),
        accept=project.spec.dataset.accept,
        per_stratum=project.spec.dataset.per_stratum,
        edge_cases=project.edge_cases,
        matches=matches,
        rules=[strata.Rule(**quota.model_dump()) for quota in project.spec.strata.quotas],
        temperature=project.spec.dataset.temperature,
        natural=Counter(train.filter(~pl.col("source").str.starts_with("expand:"))["stratum"].to_list()),
    )


def _labelled(frame: pl.DataFrame) -> list[tuple[str, dict[str, str]]]:
    """(stratum, labels) of each row; few labels differ, so rows share them."""
    known = {text: json.loads(text) for text in frame["labels"].unique()}
    return [(stratum, known[text]) for stratum, text in frame.select("stratum", "labels").iter_rows()]


def _why(store: Store, request_id: str, answer: Answer | None) -> tuple[str, str]:
    """Reason and detail of a request without an answer that could train, from its last settled attempt."""
    if answer is not None:
        return "declined", answer.refusal[:200] or f"ended by {answer.finish_reason!r}"
    tries = list(store.attempts(request_id))
    ended = [row for row in tries if row[4]]
    if not ended:
        return "owed", "not sent yet" if not tries else f"sent {len(tries)} times, the outcome is unknown"
    return str(ended[-1][4]), f"after {len(tries)} sends: {ended[-1][7]}"


def _asked_before(seeds: Collection[str]) -> dict[str, int]:
    """What the funnel says of approved rows that a teacher was asked about before somebody decided them."""
    return {"asked": len(seeds)} if seeds else {}


def _some(reason: str, count: int) -> dict[str, int]:
    return {reason: count} if count else {}


def _counts(dropped: pl.DataFrame) -> dict[str, int]:
    return dict(sorted(Counter(dropped["reason"].to_list()).items()))


def marginals(
    table: pl.DataFrame, curated: Curated, asked: Asked, by: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """Per label: each value's training seeds, seeds asked and rows got; what the report shows of the strata."""
    labels = {seed: json.loads(text) for seed, text in table.select("seed_id", "labels").iter_rows()}
    train = [seed for seed, role in table.select("seed_id", "role").iter_rows() if role == "train"]
    seen = {ask.seed for ask in asked}
    got = curated.kept["seed_id"].to_list()
    result = {}
    for name in by:
        have, want, hold = (Counter(labels[seed].get(name, "") for seed in group) for group in (train, seen, got))
        result[name] = [{"value": v, "available": have[v], "asked": want[v], "got": hold[v]} for v in sorted(have)]
    return result
