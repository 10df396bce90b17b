from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from distill.strata import quotas as module
from distill.strata.feasibility import faults
from distill.strata.quotas import EdgeCase, QuotaRule, Targets, matching

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


def quotas(available, labels, *, matches=None, natural=None, **targets):
    return module.quotas(available, labels, Targets(**targets), matches=matches, natural=natural)


@given(ROWS, CASES, LIMIT, LIMIT)
def test_quotas_stay_within_the_seeds_and_meet_what_can_be_met(rows, cases, accept, per_stratum):
    available = Counter(stratum for stratum, _ in rows)
    settings = {"per_stratum": per_stratum, "edge_cases": cases, "matches": matching(rows, cases)}
    quota = quotas(available, {}, accept=accept, **settings)
    floors = sum(quotas(available, {}, accept=0, **settings).values())
    assert quota.keys() == available.keys()
    assert all(0 <= quota[name] <= available[name] for name in available)
    if not faults(rows, Targets(accept, per_stratum, edge_cases=cases)):
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


NAMES = {f"{i}/{t}": {"intent": i, "tone": t} for i in "abc" for t in "xyz"}
SUPPLY = st.fixed_dictionaries({name: st.integers(0, 40) for name in NAMES})
WHERE = st.sampled_from([{"intent": "a"}, {"intent": "b", "tone": "x"}, {"tone": "y"}, {"tone": "z"}, {"intent": "c"}])
RULES = st.lists(
    st.one_of(
        st.builds(QuotaRule, WHERE, share=st.sampled_from([0.1, 0.15, 0.3])),
        st.builds(QuotaRule, WHERE, count=st.integers(1, 30)),
        st.builds(QuotaRule, WHERE, floor=st.integers(1, 20)),
        st.builds(QuotaRule, WHERE, cap=st.integers(0, 20)),
    ),
    max_size=3,
)
TEMPERATURE = st.sampled_from([0.0, 0.5, 1.0])


def first_rule(rules):
    """Each rule's strata, worked out by hand: a stratum is the first rule's that matches it."""
    strata = [[] for _ in rules]
    for name, labels in NAMES.items():
        for n, rule in enumerate(rules):
            if rule.where.items() <= labels.items():
                strata[n].append(name)
                break
    return strata


def wanted(rule, accept):
    return rule.count if rule.count is not None else rule.share * accept if rule.share is not None else None


@given(SUPPLY, RULES, st.integers(1, 200), LIMIT, TEMPERATURE)
def test_quotas_pass_neither_the_supply_nor_a_rule_nor_accept(supply, rules, accept, per_stratum, temperature):
    settings = {"rules": rules, "per_stratum": per_stratum, "temperature": temperature}
    quota = quotas(supply, NAMES, accept=accept, **settings)
    assert all(0 <= quota[name] <= supply[name] for name in NAMES)
    assert sum(quota.values()) <= accept
    for rule, strata in zip(rules, first_rule(rules), strict=True):
        got = sum(quota[name] for name in strata)
        assert rule.cap is None or got <= rule.cap
        assert wanted(rule, accept) is None or got < wanted(rule, accept) + 1
    assert quota == quotas(dict(reversed(supply.items())), NAMES, accept=accept, **settings)


@given(SUPPLY, RULES, st.integers(1, 200), TEMPERATURE)
def test_floors_are_held_first_then_counts_and_shares_and_the_rest_is_given_out(supply, rules, accept, temperature):
    """Each rule in its turn has what it asks for, as far as its strata's seeds and what is left of `accept` reach."""
    quota = quotas(supply, NAMES, accept=accept, rules=rules, temperature=temperature)
    strata = first_rule(rules)
    got = [sum(quota[name] for name in names) for names in strata]
    there = [sum(supply[name] for name in names) for names in strata]
    left = accept
    for n in sorted(range(len(rules)), key=lambda n: rules[n].floor is None):
        due = rules[n].floor or wanted(rules[n], accept)
        if due is not None:
            assert got[n] > min(due, there[n], left) - 1
            left -= min(got[n], rules[n].floor or got[n])
    bounds = [
        got[n] if wanted(rule, accept) is not None else min(there[n], there[n] if rule.cap is None else rule.cap)
        for n, rule in enumerate(rules)
    ]
    free = sum(supply.values()) - sum(there)
    assert sum(quota.values()) == min(accept, free + sum(bounds))


@given(SUPPLY, RULES, st.integers(1, 200), TEMPERATURE, st.sampled_from(sorted(NAMES)), st.integers(1, 10))
def test_more_seeds_never_mean_fewer_rows(supply, rules, accept, temperature, name, more):
    """Neither in all, nor in the stratum that they come to."""
    settings = {"accept": accept, "rules": rules, "temperature": temperature, "natural": dict.fromkeys(NAMES, 20)}
    before = quotas(supply, NAMES, **settings)
    after = quotas(supply | {name: supply[name] + more}, NAMES, **settings)
    assert sum(after.values()) >= sum(before.values())
    assert after[name] >= before[name]


@given(SUPPLY, st.integers(1, 300))
def test_at_temperature_one_strata_get_their_natural_share_within_one_row(supply, accept):
    total = sum(supply.values())
    quota = quotas(supply, NAMES, accept=accept, temperature=1.0)
    assert all(abs(quota[name] - min(accept, total) * supply[name] / max(1, total)) < 1 for name in NAMES)


def test_a_rule_is_for_its_strata_together_and_passes_the_cap_of_each():
    """A count of 40 over three strata is spread over them, beyond `per_stratum`; a cap of 6 is 6 for the three."""
    supply = dict.fromkeys(NAMES, 50)
    rules = [QuotaRule({"intent": "a"}, count=40), QuotaRule({"intent": "b"}, cap=6)]
    quota = quotas(supply, NAMES, accept=100, per_stratum=10, rules=rules)
    assert [quota[f"{i}/{t}"] for i in "abc" for t in "xyz"] == [14, 13, 13, 2, 2, 2, 10, 10, 10]


def test_of_two_rules_that_match_a_stratum_the_first_counts():
    rules = [QuotaRule({"tone": "x"}, count=3), QuotaRule({"intent": "a"}, count=10)]
    quota = quotas(dict.fromkeys(NAMES, 50), NAMES, accept=13, rules=rules)
    assert {name: rows for name, rows in quota.items() if rows} == {"a/x": 1, "b/x": 1, "c/x": 1, "a/y": 5, "a/z": 5}


def test_shares_are_rounded_together():
    """Three shares of a third of 100 are 34, 33 and 33."""
    rules = [QuotaRule({"intent": i}, share=share) for i, share in zip("abc", (1 / 3, 1 / 3, 1 / 3), strict=True)]
    quota = quotas(dict.fromkeys(NAMES, 50), NAMES, accept=100, rules=rules)
    assert [sum(quota[f"{i}/{t}"] for t in "xyz") for i in "abc"] == [34, 33, 33]


def test_natural_shares_are_those_of_the_seeds_and_not_of_what_passed():
    """The seeds came 3 to 1; that half of the larger stratum failed the gates does not change what it should be."""
    quota = quotas({"a": 45, "b": 30}, {}, accept=40, temperature=1.0, natural={"a": 90, "b": 30})
    assert quota == {"a": 30, "b": 10}


def test_an_edge_case_never_lifts_its_strata_over_a_rule():
    cases = [EdgeCase({"tone": "x"}, 30)]
    quota = quotas(
        dict.fromkeys(NAMES, 50), NAMES, accept=30, edge_cases=cases, rules=[QuotaRule({"intent": "a"}, cap=4)]
    )
    assert (quota["a/x"], quota["b/x"], quota["c/x"]) == (4, 13, 13)
