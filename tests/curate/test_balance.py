from distill.curate.balance import balance


def test_the_best_of_a_stratum_stay_up_to_its_quota_and_others_are_not_limited(frame):
    rows = [{"stratum": "a", "score": score} for score in (0.1, 0.9, None, 0.5)]
    out = balance(frame(*rows, {"stratum": "b"}), quotas={"a": 2})
    assert out.kept["seed_id"].to_list() == ["s01", "s03", "s04"]
    assert out.dropped.select("reason", "detail").unique().rows() == [("over_quota", "quota of a: 2 of 4")]


def test_equal_scores_are_settled_by_content_and_not_by_the_order_of_ids(frame):
    kept = balance(frame(*[{}] * 40), quotas={"a": 20}).kept["seed_id"].to_list()
    assert len(kept) == 20
    assert kept != [f"s{i:02}" for i in range(20)]


def test_a_floor_picks_its_rows_before_better_ones(frame):
    calm = [{"labels": '{"tone":"calm"}', "score": 0.9}] * 4
    rude = [{"labels": '{"tone":"rude"}', "score": score} for score in (0.1, 0.3, 0.2)]
    rows = frame(*calm, *rude)
    kept = balance(rows, quotas={"a": 4}, floors=[({"tone": "rude"}, 2)]).kept["seed_id"].to_list()
    assert {"s05", "s06"} <= set(kept)
    assert len(kept) == 4


def test_a_row_counts_for_every_floor_it_belongs_to(frame):
    both = {"labels": '{"style":"odd","tone":"rude"}', "score": 0.1}
    plain = {"labels": '{"style":"plain","tone":"calm"}', "score": 0.9}
    floors = [({"tone": "rude"}, 1), ({"style": "odd"}, 1)]
    out = balance(frame(both, plain, both), quotas={"a": 2}, floors=floors)
    assert "s01" in out.kept["seed_id"].to_list()
