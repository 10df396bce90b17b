"""The stage `export` on disk: the files of `distill.student.export`, written a shard at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import polars as pl

from distill.atomic_write import sink_parquet, write_atomic, write_json
from distill.chat import conversation
from distill.curate import expect
from distill.curate.shards import shards
from distill.errors import GateNotMet
from distill.pipeline.on_disk.spill import Spill
from distill.records import Json
from distill.student import export
from distill.student.dataset_card import dataset_card
from distill.student.stage import enough, example_turns, own_fields, test_rows
from distill.tables import lookup
from distill.task.run import ActiveRun

OUTPUTS = ["train.jsonl", "valid.jsonl", "test.jsonl", "dataset.parquet", "expect.json", "CARD.md"]
ROWS = 1 << 16
_COLUMNS = ["seed_id", "teacher", "kind", "draw", "stratum", "fate", "prompt", "answer", "tool_calls", "score"]


def work(run: ActiveRun, spill: Spill) -> Mapping[str, Json]:
    """train.jsonl, valid.jsonl, test.jsonl, dataset.parquet and the dataset's card."""
    with spill.writing("the dataset"):
        return _work(run, spill)


def _work(run: ActiveRun, spill: Spill) -> Mapping[str, Json]:
    kept = run.scan("samples.parquet").filter(pl.col("fate") != "dropped")
    narrow = kept.select("seed_id", "teacher", "stratum", "cluster", "fate").collect()
    if run.task.spec.student.train.with_ != "none":
        enough(int((narrow["fate"] == "train").sum()))
    strata = run.scan("seeds.parquet").select(pl.col("stratum").unique().sort()).collect()["stratum"].to_list()
    write_json(run.folder / "expect.json", expect.check(narrow, strata, run.task.spec.expect.model_dump()))
    columns = _columns(run)
    counts = {fate: int((narrow["fate"] == fate).sum()) for fate in ("train", "valid")}
    for fate in counts:
        write_atomic(run.folder.path / f"{fate}.jsonl", _lines(run, fate))
    made = spill.step("dataset", lambda own: {"rows": shards.write(own, _dataset(run, columns)).height})
    sink_parquet(run.folder.path / "dataset.parquet", pl.scan_parquet(made / "*.parquet"))
    tests = _tests(run)
    write_atomic(run.folder / "CARD.md", dataset_card(run, narrow, counts, tests).encode())
    rows = counts | {"test": tests}
    run.watch.say(f"  {', '.join(f'{name}.jsonl {count:,}' for name, count in rows.items())} rows")
    return {"rows": rows}


def check(tests: list[dict[str, Json]]) -> None:
    """GateNotMet where the dataset is not what the spec expects."""
    if missed := [test for test in tests if not test["holds"]]:
        said = "; ".join(f"{test['test']}: {test['wanted']} expected, found {test['found']}" for test in missed)
        raise GateNotMet(f"the dataset is not what the spec expects: {said}. The funnel says where rows went")


def _parts(run: ActiveRun, *fates: str) -> Iterator[pl.DataFrame]:
    """The rows of samples.parquet with these fates, some at a time, in order."""
    rows = run.scan("samples.parquet")
    height = rows.select(pl.len()).collect().item()
    for start in range(0, height, ROWS):
        yield rows.slice(start, ROWS).filter(pl.col("fate").is_in(fates)).collect()


def _seeds_of(run: ActiveRun, part: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """The seeds of some samples: both tables are sorted by the seeds' ids."""
    low, high = part["seed_id"].min(), part["seed_id"].max()
    return (
        run.scan("seeds.parquet")
        .filter(pl.col("seed_id").is_between(pl.lit(low), pl.lit(high)))
        .select(columns)
        .collect()
    )


def _requests(run: ActiveRun) -> bool:
    """Whether any row is asked with something of its own."""
    brings = pl.col("fields").str.contains(json.dumps(conversation.REQUEST), literal=True)
    return bool(run.scan("seeds.parquet").select(brings.any()).collect(engine="streaming").item())


def _lines(run: ActiveRun, fate: str) -> Iterator[bytes]:
    own = _requests(run)
    for part in _parts(run, fate):
        if part.height:
            brought = lookup.requests(_seeds_of(run, part, ["seed_id", "fields"])) if own else {}
            yield from export.chat_lines(part, tools=run.task.tools, own=brought, examples=example_turns(run.task))


def _columns(run: ActiveRun) -> list[str]:
    """The columns of dataset.parquet, some of which stand there only where a row brings them."""
    kept = run.scan("samples.parquet").filter(pl.col("fate") != "dropped")
    columns = list(_COLUMNS)
    if kept.select((pl.col("reasoning") != "").any()).collect(engine="streaming").item():
        columns.append("reasoning")
    columns += ["request"] if _requests(run) else []
    named = run.scan("seeds.parquet").select(pl.col("own_id").is_not_null().any()).collect(engine="streaming").item()
    return [*columns, "id"] if named else columns


def _dataset(run: ActiveRun, columns: list[str]) -> Iterator[pl.DataFrame]:
    for part in _parts(run, "train", "valid"):
        if not part.height:
            continue
        if "request" in columns:
            own = lookup.requests(_seeds_of(run, part, ["seed_id", "fields"]))
            spelt = [json.dumps(own[seed], ensure_ascii=False) if seed in own else None for seed in part["seed_id"]]
            part = part.with_columns(request=pl.Series(spelt, dtype=pl.String))  # noqa: PLW2901 - the same rows with a column more
        if "id" in columns:
            ids = _seeds_of(run, part, ["seed_id", "own_id"]).rename({"own_id": "id"})
            part = part.join(ids, on="seed_id", how="left", maintain_order="left")  # noqa: PLW2901 - the same rows with a column more
        yield part.select(columns)


def _tests(run: ActiveRun) -> int:
    own = lookup.requests(
        run.scan("seeds.parquet").filter(pl.col("role") == "test").select("seed_id", "fields").collect()
    )
    beside = {seed: {"id": own_id} for seed, own_id in own_fields(run, "own_id", role="test").items()}
    return export.write_test(test_rows(run, own, beside), folder=run.folder.path)
