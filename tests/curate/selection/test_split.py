import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.curate.dedup.duplicates import duplicates
from distill.curate.leaks import HeldOut, leaks
from distill.curate.selection.split import split
from distill.similarity.graph import Graph
from distill.similarity.pairs import jaccard, shingles


@settings(deadline=None, max_examples=40)
@given(
    clusters=st.lists(st.integers(0, 30), max_size=60),
    valid=st.sampled_from([0.0, 0.05, 0.1, 0.3]),
    random=st.randoms(use_true_random=False),
)
def test_clusters_stay_whole_and_the_share_is_not_passed(frame, clusters, valid, random):
    rows = frame(*({"cluster": f"c{cluster}"} for cluster in clusters))
    out = split(rows, valid=valid)
    fates = out.group_by("cluster").agg(pl.col("fate").n_unique())
    assert set(fates["fate"]) <= {1}
    held = out.filter(pl.col("fate") == "valid")
    if held["cluster"].n_unique() > 1:
        assert held.height <= max(1, round(valid * len(clusters)))
    if valid and len(clusters) >= 10 and len(set(clusters)) > 1:
        assert held.height >= 1
    assert valid or not held.height
    shuffled = list(range(rows.height))
    random.shuffle(shuffled)
    assert split(rows[shuffled], valid=valid).equals(out)


def test_of_single_rows_the_share_is_met_exactly(frame):
    assert split(frame(*[{}] * 40), valid=0.1)["fate"].to_list().count("valid") == 4


def test_one_cluster_alone_is_never_torn(frame):
    assert set(split(frame(*[{"cluster": "c"}] * 20), valid=0.5)["fate"]) == {"train"}


PIECES = ["my parcel is late again ", "where is my kettle ", "refund it please ", "it broke ", "thanks ", "?"]
INPUTS = st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join), max_size=25)


@settings(deadline=None, max_examples=15)
@given(inputs=INPUTS, test=INPUTS, known=st.booleans(), near=st.sampled_from([0.6, 0.8]))
def test_after_all_steps_no_row_that_trains_is_near_a_validation_or_test_row(frame, inputs, test, known, near):
    """Compared all with all; and every row is in the end kept once or dropped once."""
    graph = Graph.of([*inputs, *test], threshold=0.6) if known else None
    rows = frame(*({"input": text} for text in inputs))
    unique = duplicates(rows, near=near, graph=graph)
    held = [HeldOut(f"t{n}", text) for n, text in enumerate(test)]
    clean = leaks(unique.kept, held_out=held, near=near, graph=graph)
    parts = split(clean.kept, valid=0.3)
    valid, train = (parts.filter(pl.col("fate") == fate) for fate in ("valid", "train"))
    own = [HeldOut(*row) for row in valid.select("seed_id", "input", "answer", pl.lit("valid")).iter_rows()]
    told = leaks(train, held_out=own, near=near, graph=graph, stage="valid_leaks")
    away = [*valid["input"], *test]
    assert all(jaccard(shingles(a), shingles(b)) < near for a in told.kept["input"] for b in away)
    gone = unique.dropped.height + clean.dropped.height + told.dropped.height
    assert told.kept.height + valid.height + gone == len(inputs)


def test_a_group_is_never_torn_whatever_its_clusters(frame):
    rows = frame(*({"cluster": f"c{n}", "group": f"t{n // 4}" if n < 32 else None} for n in range(40)))
    out = split(rows, valid=0.3)
    assert set(out.drop_nulls("group").group_by("group").agg(pl.col("fate").n_unique())["fate"]) == {1}
    assert 8 <= out.filter(fate="valid").height <= 12
