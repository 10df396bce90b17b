"""What the report tells of curation: every dropped row is counted where it was lost, and what is shown is safe to show."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.curate.accounting.shortfall import Shortfall
from distill.pipeline import run
from distill.pipeline.open_task import open_task
from distill.records import Seed
from distill.report import curation, distributions, examples, losses, page
from distill.tables.outcome import dropped_frame
from distill.tables.reasons import BEFORE
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.testing.fault_server import Script, serve

KEY = "sk-" + "proj-abcdefghij0123456789XYZ"
REASONS = [
    ("seeds", "repeated"), ("generate", "not_asked"), ("teacher", "refused"), ("schema", "not_json"), ("schema", "schema"),
    ("length", "odd_length"), ("agreement", "agreement"), ("dedup", "another_answer"), ("balance", "over_quota"),
]  # fmt: skip


def made(
    rows: int, *, strata: int = 3, reasons: list[tuple[str, str]] = REASONS, draws: int = 1, seed: int = 0
) -> dict[str, pl.DataFrame]:
    """The tables of a run of so many seeds: each question kept or dropped for one of the reasons."""
    rnd = random.Random(seed)
    seeds, samples, dropped = [], [], []
    for i in range(rows):
        name, stratum = f"{i * 2654435761 % 2**32:08x}{i:08x}", f"s{i % strata}"
        stage, reason = rnd.choice([*reasons, ("", "")])
        if stage == "seeds":
            dropped.append((name, None, stratum, stage, reason, "same text"))
            continue
        text = f"question {i // 4} of a customer who writes at some length {i % 4}"
        seeds.append((name, stratum, json.dumps({"kind": stratum}), f"c{i // 4}", "train", text))
        if stage == "generate":
            dropped.append((name, None, stratum, stage, reason, "no need"))
            continue
        for draw in range(draws):
            request = f"{rnd.getrandbits(128):032x}"
            stage, reason = rnd.choice([one for one in [*reasons, ("", "")] if one[0] not in BEFORE])
            if stage:
                dropped.append((name, request, stratum, stage, reason, f"why {i}"))
            if stage != "teacher":
                score = None if stage == "schema" else rnd.randrange(11) / 10
                fate = "dropped" if stage else "train"
                samples.append(
                    (name, request, draw, stratum, f'{{"a": {i}}}', "", rnd.randrange(5, 90), score, 1.0, fate)
                )
    return {
        "seeds": pl.DataFrame(seeds, schema=dict.fromkeys(("seed_id", "stratum", "labels", "cluster", "role", "input"), pl.String), orient="row"),
        "samples": pl.DataFrame(
            samples, orient="row",
            schema={
                "seed_id": pl.String, "request_id": pl.String, "draw": pl.Int64, "stratum": pl.String, "answer": pl.String,
                "tool_calls": pl.String, "completion_tokens": pl.Int64, "score_agreement": pl.Float64,
                "score_schema": pl.Float64, "fate": pl.String,
            },
        ),
        "dropped": dropped_frame(dropped),
    }  # fmt: skip


def gathered(tables: dict[str, pl.DataFrame], **how: Any) -> curation.Curation:
    given_ = {
        "gates": [("agreement", {}), ("length", {"max_tokens": 60})],
        "short": [Shortfall("s0", 10**6, 1, "form", 9)],
        "edge_cases": [],
        **how,
    }
    return curation.curation_of(tables["seeds"], tables["samples"], tables["dropped"], **given_)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(1, 3), st.integers(0, 99), st.randoms(use_true_random=False))
def test_every_drop_is_counted_in_its_stratum_and_the_order_of_rows_changes_nothing(
    rows: int, draws: int, seed: int, rnd: random.Random
) -> None:
    tables = made(rows, draws=draws, seed=seed)
    found = gathered(tables)
    columns = found.by_stratum.columns
    for row in found.by_stratum.rows:
        counts = list(zip(columns, row.counts, strict=True))
        assert row.asked == row.kept + sum(n for column, n in counts if column.of == "asked")
        assert row.lost == sum(n for column, n in counts if column.of == "asked" and not column.spare)
    assert sum(column.count for column in columns) == tables["dropped"].height
    shuffled = {name: table.sample(fraction=1, shuffle=True, seed=rnd.randrange(99)) for name, table in tables.items()}
    again = gathered(shuffled)
    for part in ("by_stratum", "shortfalls", "scores", "tokens", "forms", "clusters"):
        assert getattr(again, part) == getattr(found, part)
    key = lambda group: (group.stage, group.reason)  # noqa: E731 - the order of the groups is that of the stages
    assert sorted(again.drops, key=key) == sorted(found.drops, key=key)


def test_rare_reasons_share_a_column() -> None:
    reasons = [("form", f"r{i}") for i in range(30)]
    found = gathered(made(400, reasons=reasons)).by_stratum
    assert len(found.columns) == 10
    assert found.columns[-1].reason == "21 other reasons"
    assert all(row.asked == row.kept + sum(row.counts) for row in found.rows)


def test_an_edge_case_stands_beside_its_natural_share() -> None:
    tables = made(90, reasons=[])
    cases = [{"where": {"kind": "s1"}, "at_least": 7, "got": 45}]
    found = losses.edge_cases(cases, tables["seeds"], tables["samples"])[0]
    assert (found.seeds, found.natural, found.share) == (30, 1 / 3, 0.5)


def test_a_score_is_drawn_with_its_limit_where_it_has_degrees() -> None:
    """The limit is the spec's or the gate's default; a score at its limit is on the side of those that pass."""
    tables = made(300)
    found = gathered(tables).scores
    assert [one.gate for one in found] == ["agreement"]
    assert found[0].limits == [distributions.Limit("at_least", 0.6)]
    assert sum(map(sum, found[0].bins)) == found[0].n == tables["samples"]["score_agreement"].drop_nulls().len()
    assert found[0].dropped == tables["dropped"].filter(stage="agreement").height
    edges = pl.DataFrame({"request_id": list("abcd"), "score_agreement": [0.15, 0.35, 0.6, 5.0]})
    wide = distributions.scores(edges, tables["dropped"], [("agreement", {"at_least": 4})])[0]
    assert (wide.high, wide.limits[0].value) == (5.0, 4.0)
    unit = distributions.scores(edges.head(3), tables["dropped"], [("agreement", {})])[0]
    assert [i for i, pair in enumerate(unit.bins) if pair[0]] == [3, 7, 12]


@pytest.mark.parametrize("gate", ["judge", "toxicity", "refusal"])
def test_what_judges_said_is_drawn_from_1_to_5_as_its_limit_is_given(gate: str) -> None:
    rows = pl.DataFrame(
        {"request_id": list("abcd"), f"score_{gate}": [0.0, 0.7, 0.75, 1.0], f"verdicts_{gate}": list("wxyz")}
    )
    dropped = pl.DataFrame({"request_id": list("ab"), "stage": [gate] * 2})
    found = distributions.scores(rows, dropped, [(gate, {"at_least": 4.0})])[0]
    assert (found.low, found.high, found.limits[0].value) == (1.0, 5.0, 4.0)
    assert [i for i, pair in enumerate(found.bins) if any(pair)] == [0, 14, 15, 19]
    assert [sum(gone for _, gone in part) for part in (found.bins[:15], found.bins[15:])] == [2, 0]


def test_lengths_and_forms_are_those_of_all_answers_and_of_the_dataset() -> None:
    tables = made(300)
    found = gathered(tables)
    kept = tables["samples"].filter(pl.col("fate") != "dropped")
    assert sum(map(sum, found.tokens.bins)) == found.tokens.n == tables["samples"].height
    assert sum(inside for inside, _ in found.tokens.bins) == found.tokens.kept == kept.height
    assert found.tokens.limits == [distributions.Limit("max_tokens", 60.0)]
    assert found.tokens.after[-1] == kept["completion_tokens"].max()
    assert found.forms == [distributions.AnswerForm("JSON", 1.0, 1.0)]
    assert gathered({**tables, "samples": tables["samples"].clear()}).tokens is None


def test_ten_rows_a_reason_by_hash_with_what_was_asked_and_what_came_back() -> None:
    tables = made(600)
    found = {(group.stage, group.reason): group for group in gathered(tables).drops}
    counts = {
        (stage, reason): n for stage, reason, n in tables["dropped"].group_by("stage", "reason").len().iter_rows()
    }
    assert {key: group.count for key, group in found.items()} == counts
    answers = dict(tables["samples"].select("seed_id", "answer").iter_rows())
    inputs = dict(tables["seeds"].select("seed_id", "input").iter_rows())
    for (stage, _), group in found.items():
        assert len(group.rows) == min(10, group.count)
        for row in group.rows:
            assert row.input == inputs.get(row.row, "")
            assert row.answer == ("" if stage in ("seeds", "generate", "teacher") else answers[row.row])
    rows = tables["dropped"].filter(stage="schema", reason="not_json")["row"].to_list()
    assert [row.row for row in found["schema", "not_json"].rows] != rows[:10]


def test_the_text_of_a_seed_that_was_never_asked_comes_from_the_seeds_file() -> None:
    seed = Seed(fields={"message": "Hello?"}, labels={})
    dropped = dropped_frame([(seed.id, None, "all", "seeds", "repeated", "same text as x")])
    tables = made(5)
    found = gathered({**tables, "dropped": dropped}, unread=[seed])
    assert found.drops[0].rows[0].input == "Hello?"


@pytest.mark.parametrize(("gates", "mail"), [([("secrets", {})], True), ([("pii", {})], False)], ids=["secrets", "pii"])
def test_no_key_is_shown_and_no_address_where_the_task_minds(gates: list[Any], mail: bool) -> None:
    """Also in rows that another gate dropped before, and in clusters; long texts say how long they are."""
    text = f"my key is {KEY}, write to jo@firm.com " + "x" * 5000
    seeds = pl.DataFrame({
        "seed_id": ["1", "2"], "stratum": "a", "labels": "{}", "cluster": "1", "role": "train", "input": [text, text + "y"],
    })  # fmt: skip
    samples = made(3)["samples"].clear()
    row = {
        "seed_id": "1",
        "request_id": "r",
        "stratum": "a",
        "answer": text,
        "tool_calls": "",
        "completion_tokens": 9,
        "fate": "dropped",
    }
    samples = pl.concat([samples, pl.DataFrame([row])], how="diagonal")
    dropped = dropped_frame([("1", "r", "a", "schema", "not_json", f"begins {KEY}")])
    found = gathered({"seeds": seeds, "samples": samples, "dropped": dropped}, gates=gates, short=[])
    said = json.dumps([*map(asdict, found.drops), asdict(found.clusters)])
    assert KEY not in said
    assert "[OpenAI or Anthropic key]" in said
    assert ("jo@firm.com" in said) is mail
    assert "5,0" in said
    assert len(said) < 9000


def test_the_largest_clusters_come_with_examples_and_how_alike_they_are() -> None:
    tables = made(40, reasons=[])
    found = gathered(tables).clusters
    assert (found.seeds, found.count, found.rows) == (40, 10, 40)
    assert len(found.largest) == 6
    kept = set(tables["samples"].filter(pl.col("fate") != "dropped")["seed_id"])
    for cluster in found.largest:
        first, *others = cluster.examples
        assert cluster.kept == len(kept & set(tables["seeds"].filter(cluster=cluster.cluster)["seed_id"]))
        assert cluster.kept == 0 or first.fate == "train"
        assert first.similarity == 1.0
        assert all(0.5 < one.similarity < 1 for one in others)


async def test_a_runs_report_tells_of_its_curation(task: Path) -> None:
    """Over a real run with three draws: the numbers of the page are those of the run's tables."""
    async with serve(Script(seed=3, faults={"422": 0.1, "refusal": 0.2, "length": 0.2})) as server:
        sets = [
            "teacher.model=m",
            "teacher.sampling={draws: 3, temperature: 1}",
            "strata.edge_cases=[{where: {kind: a}, at_least: 5}]",
        ]
        task = open_task(task, overrides=sets, env={"OPENAI_BASE_URL": server.base_url})
        result = await run.work(task, stages=ORDER, watch=Silent(), partial=True)
    folder = result.folder
    found = json.loads((folder / "report.json").read_bytes())
    assert sum(row["asked"] for row in found["by_stratum"]["rows"]) == result.funnel.questions
    assert sum(row["kept"] for row in found["by_stratum"]["rows"]) == result.funnel.kept == found["tokens"]["kept"]
    assert found["edge_cases"][0]["natural"] == 0.5
    said = (folder / "report.html").read_text()
    assert "What each stratum lost, and why" in said
    assert "each with its reason in dropped.parquet" in said


def test_page_of_a_big_run_stays_small(report: dict[str, Any], typed: Any) -> None:
    """Three hundred strata, forty reasons, long texts: the page stays under 1.6 MB."""
    tables = made(20_000, strata=300, reasons=[(f"gate{i % 20}", f"reason{i}") for i in range(40)])
    long = {
        name: tables[name].with_columns(pl.lit("word " * 1000).alias(column))
        for name, column in (("seeds", "input"), ("samples", "answer"))
    }
    found = gathered({**tables, **long}, short=[Shortfall(f"s{i}", 10**6, 1, "form", 9) for i in range(300)])
    assert found.by_stratum.more == 100
    assert len(page.html(replace(typed(report), curation=found)).encode()) < 1_600_000
    assert sum(len(group.rows) for group in found.drops) == 400 == 40 * examples.A_REASON
