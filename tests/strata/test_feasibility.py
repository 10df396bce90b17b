import pytest

from distill.strata.feasibility import early, faults
from distill.strata.quotas import EdgeCase, QuotaRule, Targets


def test_what_the_seeds_cannot_give_is_said_with_the_next_move():
    rows = [("a", {"tone": "rude"})] * 3 + [("b", {"tone": "calm"})] * 7
    cases = [EdgeCase({"tone": "rudde"}, 1), EdgeCase({"tune": "rude"}, 1), EdgeCase({"tone": "rude"}, 5)]
    assert [str(fault) for fault in faults(rows, Targets(accept=100, edge_cases=cases))] == [
        "strata.edge_cases[0].where: no seed has tone = 'rudde'; did you mean 'rude'?",
        "strata.edge_cases[1].where: no seed has the label 'tune'; did you mean 'tone'?",
        "strata.edge_cases[2]: at_least 5 wanted, 3 training seeds have tone = rude; "
        "add 2 such seeds, set fewer aside for the test, or lower it to 3",
        "dataset.accept: 100 wanted, the training seeds can give 10; add seeds or lower it to 10",
    ]


def test_accept_below_the_floors_and_a_cap_that_limits_it_are_faults():
    rows = [("a", {"tone": "rude"})] * 6 + [("b", {"tone": "calm"})] * 6
    low = faults(rows, Targets(accept=3, edge_cases=[EdgeCase({"tone": "rude"}, 5)]))
    assert "the edge cases alone need 5" in low[0].message
    capped = faults(rows, Targets(accept=9, per_stratum=4))
    assert "can give 8 at 4 a stratum" in capped[0].message


ROWS = [("a/x", {"intent": "a", "tone": "x"})] * 6 + [("b/x", {"intent": "b", "tone": "x"})] * 4


@pytest.mark.parametrize(
    ("rules", "accept", "said"),
    [
        (
            [QuotaRule({"intent": "aa"}, count=1)],
            5,
            "strata.quotas[0].where: no seed has intent = 'aa'; did you mean 'a'?",
        ),
        (
            [QuotaRule({"intent": "a"}, count=9)],
            10,
            "strata.quotas[0]: count 9 wanted, 6 training seeds have intent = a; "
            "add 3 such seeds, set fewer aside for the test, or lower it to 6 rows",
        ),
        (
            [QuotaRule({"intent": "b"}, share=0.5)],
            10,
            "strata.quotas[0]: share 0.5 is 5 rows, 4 training seeds have intent = b; "
            "add 1 such seeds, set fewer aside for the test, or lower it to 4 rows",
        ),
        (
            [QuotaRule({"intent": "a"}, cap=1), QuotaRule({"tone": "x"}, floor=7)],
            5,
            "strata.quotas[1]: floor 7 wanted, 4 training seeds have tone = x that no rule before it covers; "
            "add 3 such seeds, set fewer aside for the test, or lower it to 4 rows",
        ),
        (
            [QuotaRule({"tone": "x"}, cap=9), QuotaRule({"intent": "a"}, cap=1)],
            9,
            "strata.quotas[1]: every stratum with intent = a is covered by a rule before it, "
            "and the first counts; put it first",
        ),
        (
            [QuotaRule({"intent": "a"}, count=5), QuotaRule({"intent": "b"}, floor=3)],
            7,
            "dataset.accept: 7 wanted, strata.quotas alone need 8; raise it to 8 or lower them",
        ),
        (
            [QuotaRule({"intent": "a"}, cap=2)],
            10,
            "dataset.accept: 10 wanted, the training seeds can give 6 under strata.quotas; add seeds or lower it to 6",
        ),
    ],
)
def test_a_rule_that_cannot_hold_is_said_with_its_numbers(rules, accept, said):
    assert said in [str(fault) for fault in faults(ROWS, Targets(accept=accept, rules=rules))]


def test_an_edge_case_that_a_rule_leaves_no_room_for_is_a_fault():
    found = faults(
        ROWS, Targets(8, edge_cases=[EdgeCase({"intent": "a"}, 5)], rules=[QuotaRule({"intent": "a"}, cap=2)])
    )
    assert "strata.quotas[0] leaves room for 2 of them" in str(found[0])


def test_where_more_seeds_will_be_made_too_few_of_them_are_no_fault():
    """What a typing error makes unknown, and quotas that contradict each other, still are."""
    rules = [QuotaRule({"intent": "a"}, count=90), QuotaRule({"intent": "zz"}, count=1)]
    cases = [EdgeCase({"tone": "x"}, 50)]
    found = faults(ROWS, Targets(accept=80, edge_cases=cases, rules=rules), made=["intent", "tone"])
    assert [fault.where for fault in found] == ["strata.quotas[1].where"]
    untold = faults(ROWS, Targets(accept=80, edge_cases=cases), made=["intent"])
    assert "at_least 50 wanted" in str(untold[0])
    contradicting = [QuotaRule({"intent": "a"}, count=4), QuotaRule({"intent": "b"}, count=4)]
    found = faults(ROWS, Targets(accept=7, rules=contradicting), made=["intent", "tone"])
    assert [fault.where for fault in found] == ["dataset.accept"]


def test_what_no_answer_can_mend_is_said_before_labels_are_asked_for():
    """Values that a label cannot have, more rows than all seeds could give, and amounts that add up to more than accept."""
    seeds = [{"kind": "a"}] * 6 + [{"kind": "b"}] * 4
    rules = [
        QuotaRule({"tone": "calm"}, share=0.5),
        QuotaRule({"kind": "a", "tone": "glad"}, floor=7),
        QuotaRule({"kind": "c"}, cap=3),
    ]
    cases = [EdgeCase({"tone": "angri"}, 2), EdgeCase({"kind": "b", "tone": "calm"}, 5)]
    found = early(
        seeds,
        {"tone": ["calm", "angry", "glad"]},
        Targets(9, edge_cases=[*[EdgeCase({"kind": "a"}, 99)] * 3, *cases], rules=rules),
    )
    assert [str(fault) for fault in found] == [
        "strata.edge_cases[3].where: 'angri' is no value of the label 'tone'; did you mean 'angry'?",
        "strata.edge_cases[4]: at_least 5 wanted, 4 seeds can have kind = b and tone = calm; add seeds, or lower it to 4 rows",
        "strata.quotas[1]: floor 7 wanted, 6 seeds can have kind = a and tone = glad; add seeds, or lower it to 6 rows",
        "strata.quotas[2].where: no seed has kind = 'c'; known: a, b",
        "dataset.accept: 9 wanted, strata.quotas alone need 11; raise it to 11 or lower them",
    ]
    fine = [QuotaRule({"tone": tone}, count=3) for tone in ("calm", "angry")]
    assert early(seeds, {"tone": ["calm", "angry"]}, Targets(6, rules=fine)) == []
    assert early(seeds, {"tone": ["calm"]}, Targets(9, edge_cases=[EdgeCase({"tone": "calm"}, 9)])) == []
