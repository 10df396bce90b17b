"""JUnit XML as a CI system reads it."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

from distill.evaluate.gate.checks import GateCheck
from distill.evaluate.gate.junit import junit

MET = GateCheck("schema", "met", 0.9, 0.98, "98 % keep to it")
HOSTILE = GateCheck("points", "not met", 0, -3.0, 'a "<b>&\x00\ud800 ]]> of tone')
ABSENT = GateCheck("coverage", "not measured", 0.5, None, "not measured")


def suite_of(xml: bytes) -> Xml.Element:
    """The one suite of a file."""
    [suite] = Xml.fromstring(xml)  # noqa: S314 - of our own making
    assert suite.tag == "testsuite"
    return suite


def test_a_case_a_check_and_a_failure_where_one_is_not_met() -> None:
    suite = suite_of(junit("mood/001", [MET, HOSTILE, ABSENT], compared=True))
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "2", "0")
    cases = {case.get("name"): case for case in suite}
    assert list(cases) == ["evaluate.gate.schema", "evaluate.gate.points", "evaluate.gate.coverage"]
    assert cases["evaluate.gate.schema"].find("failure") is None
    failure = cases["evaluate.gate.points"].find("failure")
    assert failure is not None
    assert failure.get("message") == 'a "<b>&�� ]]> of tone'
    assert [one.get("type") for one in suite.iter("failure")] == ["not met", "not measured"]


def test_a_spec_that_demands_nothing_has_one_case() -> None:
    for compared, skipped in ((True, "0"), (False, "1")):
        suite = suite_of(junit("mood/001", [], compared=compared))
        assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("1", "0", skipped)
        assert len(list(suite.iter("skipped"))) == int(skipped)
