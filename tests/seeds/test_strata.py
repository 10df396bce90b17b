from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from distill.seeds.strata import EdgeCase, faults, matching, quotas

ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.sampled_from(["calm", "rude", "odd"])).map(
        lambda row: (f"{row[0]}/{row[1]}", {"intent": row[0], "tone": row[1], "style": row[2]})
    ),
    max_size=60,
)
CASES = st.lists(
    st.builds(
        EdgeCase,
        st.sampled_from([{"tone": "x"}, {"style": "rude"}, {"intent": "a", "style": "odd"}]),
        st.integers(1, 12),
    ),
    max_size=3,
)
LIMIT = st.none() | st.integers(1, 40)


@given(ROWS, CASES, LIMIT, LIMIT)
def test_quotas_stay_within_the_seeds_and_meet_what_can_be_met(rows, cases, accept, per_stratum):
    available = Counter(stratum for stratum, _ in rows)
    settings = {"per_stratum": per_stratum, "edge_cases": cases, "matches": matching(rows, cases)}
    quota = quotas(available, {}, accept=accept, **settings)
    floors = sum(quotas(available, {}, accept=0, **settings).values())
    assert quota.keys() == available.keys()
    assert all(0 <= quota[name] <= available[name] for name in available)
    if not faults(rows, accept=accept, per_stratum=per_stratum, edge_cases=cases):
        assert accept is None or sum(quota.values()) == accept
    assert sum(quota.values()) <= max(accept or len(rows), floors)
    assert quota == quotas(dict(reversed(available.items())), {}, accept=accept, **settings)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(1, 30)), st.integers(0, 200))
def test_without_floors_the_levels_are_equal_up_to_one(available, accept):
    """A stratum is lower than another by two only when all of its seeds are taken."""
    quota = quotas(available, {}, accept=accept)
    assert sum(quota.values()) == min(accept, sum(available.values()))
    assert all(quota[low] == available[low] or quota[high] - quota[low] <= 1 for low in quota for high in quota)


def test_a_floor_lifts_its_strata_beyond_their_even_share():
    labels = {f"{i}/{t}": {"intent": i, "tone": t} for i in "ab" for t in ("calm", "rude")}
    quota = quotas(dict.fromkeys(labels, 50), labels, accept=60, edge_cases=[EdgeCase({"tone": "rude"}, 40)])
    assert quota == {"a/calm": 10, "a/rude": 20, "b/calm": 10, "b/rude": 20}


def test_floors_over_parts_of_one_stratum_add_up():
    """Rude and odd rows are other rows: 5 of each need 10, though the stratum is one."""
    rows = [("all", {"style": style}) for style in ["rude"] * 8 + ["odd"] * 8 + ["calm"] * 30]
    cases = [EdgeCase({"style": "rude"}, 5), EdgeCase({"style": "odd"}, 5)]
    assert quotas({"all": 46}, {}, accept=0, edge_cases=cases, matches=matching(rows, cases)) == {"all": 10}


def test_a_floor_passes_the_cap_of_a_stratum_and_the_rest_keeps_to_it():
    labels = {"rude": {"tone": "rude"}, "calm": {"tone": "calm"}}
    cases = [EdgeCase({"tone": "rude"}, 9)]
    assert quotas({"rude": 20, "calm": 20}, labels, per_stratum=4, edge_cases=cases) == {"calm": 4, "rude": 9}


def test_what_the_seeds_cannot_give_is_said_with_the_next_move():
    rows = [("a", {"tone": "rude"})] * 3 + [("b", {"tone": "calm"})] * 7
    cases = [EdgeCase({"tone": "rudde"}, 1), EdgeCase({"tune": "rude"}, 1), EdgeCase({"tone": "rude"}, 5)]
    assert [str(fault) for fault in faults(rows, accept=100, edge_cases=cases)] == [
        "strata.edge_cases[0].where: no seed has tone = 'rudde'; did you mean 'rude'?",
        "strata.edge_cases[1].where: no seed has the label 'tune'; did you mean 'tone'?",
        "strata.edge_cases[2]: at_least 5 asked, 3 training seeds have tone = rude; "
        "add 2 such seeds, set fewer aside for the test, or lower it to 3",
        "dataset.accept: 100 asked, the training seeds can give 10; add seeds or lower it to 10",
    ]


def test_accept_below_the_floors_and_a_cap_that_limits_it_are_faults():
    rows = [("a", {"tone": "rude"})] * 6 + [("b", {"tone": "calm"})] * 6
    low = faults(rows, accept=3, edge_cases=[EdgeCase({"tone": "rude"}, 5)])
    assert "the edge cases alone need 5" in low[0].message
    capped = faults(rows, accept=9, per_stratum=4)
    assert "can give 8 at 4 a stratum" in capped[0].message
