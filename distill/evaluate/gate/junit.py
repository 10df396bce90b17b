"""The checks of a gate as JUnit XML, which CI systems show beside other tests: a case a check, and a failure where it is not met."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from distill.evaluate.gate.checks import GateCheck

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 cannot hold, escaped or not."""


def junit(run: str, checks: Sequence[GateCheck], *, compared: bool) -> bytes:
    """The XML of one test suite. Where nothing is demanded its one case is the comparison, skipped if there is none."""
    failures = sum(not check.met for check in checks)
    skipped = int(not checks and not compared)
    suite = Xml.Element(
        "testsuite", name=_plain(f"distill {run}"), tests=str(len(checks) or 1), failures=str(failures), errors="0",
        skipped=str(skipped),
    )  # fmt: skip
    for check in checks:
        case = Xml.SubElement(suite, "testcase", classname=_plain(f"{run}.evaluate"), name=_setting(check.name))
        if check.met:
            Xml.SubElement(case, "system-out").text = _plain(check.sentence)
        else:
            Xml.SubElement(case, "failure", message=_plain(check.sentence), type=check.state)
    if not checks:
        case = Xml.SubElement(suite, "testcase", classname=_plain(f"{run}.evaluate"), name="comparison")
        if skipped:
            Xml.SubElement(case, "skipped", message="nothing was compared, and the spec demands nothing")
    root = Xml.Element("testsuites")
    root.append(suite)
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _setting(name: str) -> str:
    return f"evaluate.{name}" if name == "require" else f"evaluate.gate.{name}"


def _plain(text: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", text)
