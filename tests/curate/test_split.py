import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.curate.split import split


@settings(deadline=None, max_examples=80)
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
