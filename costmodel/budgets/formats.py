"""Findings as text, JSON, JUnit XML and annotations of GitHub."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from costmodel.budgets.figures import FIGURES
from costmodel.budgets.findings import Finding
from costmodel.tables import Column, Table
from costmodel.tables.table import to_json

_COLUMNS = (
    Column("verdict", "verdict"),
    Column("place", "where"),
    Column("figure", "figure"),
    Column("value", "value", ""),
    Column("limit", "limit", ""),
    Column("excess", "over limit", "", rank=1),
    Column("share", "share", ""),
)


def table(title: str, findings: Sequence[Finding], notes: Sequence[str]) -> Table:
    """One row a limit; what exceeds stands below in words."""
    rows = [
        {
            "verdict": "kept" if found.passed else "EXCEEDED",
            "place": found.place,
            "figure": found.figure,
            "value": FIGURES[found.figure].show(found.value),
            "limit": FIGURES[found.figure].show(found.limit),
            "excess": _signed(found),
            "share": f"{100 * found.excess_share:+.1f} %" if found.limit else "-",
        }
        for found in findings
    ]
    columns = [column._replace(show=str) for column in _COLUMNS]
    return Table(columns, rows, title=title, notes=[*(found.sentence for found in findings if not found.passed), *notes])


def exact(findings: Sequence[Finding]) -> Table:
    """One row a limit for programs; causes by their layers."""
    columns = [
        Column(key, key) for key in ("scope", "where", "figure", "passed", "value", "limit", "excess", "excess_share", "before", "causes")
    ]
    return Table(columns, [found.to_dict() | {"causes": [cause.layer for cause in found.causes]} for found in findings])


def _signed(found: Finding) -> str:
    show = FIGURES[found.figure].show
    return ("-" if found.excess < 0 else "+" if found.excess > 0 else "") + show(abs(found.excess))


def document(head: Mapping[str, str], passed: bool, findings: Sequence[Finding], assumptions: Mapping[str, Any]) -> str:
    """A document of plain values."""
    return to_json({"schema": 1, **head, "passed": passed, "assumptions": assumptions, "findings": [found.to_dict() for found in findings]})


def junit(network: str, findings: Sequence[Finding], notes: Sequence[str]) -> str:
    """A test case a limit, valid under the schemas of Ant (windyroad's JUnit.xsd) and of Jenkins (junit-10.xsd).

    The time stamp is that of SOURCE_DATE_EPOCH where it is set, so that outputs can be compared.
    """
    stamp = os.environ.get("SOURCE_DATE_EPOCH", "")
    seconds = float(stamp) if stamp.isdigit() else time.time()
    failures = [found for found in findings if not found.passed]
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(
        suites, "testsuite", name=_xml(network), package="costmodel", id="0", tests=str(len(findings)), failures=str(len(failures)),
        errors="0", time="0", hostname="localhost", timestamp=time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)),
    )  # fmt: skip
    ElementTree.SubElement(suite, "properties")
    for found in findings:
        case = ElementTree.SubElement(suite, "testcase", name=_xml(f"{found.place}: {found.figure}"),
                                      classname=_xml(f"costmodel.{network}"), time="0")  # fmt: skip
        if not found.passed:
            ElementTree.SubElement(case, "failure", message=_xml(found.sentence), type="budget").text = _xml(found.sentence)
    ElementTree.SubElement(suite, "system-out").text = _xml("\n".join(notes))
    ElementTree.SubElement(suite, "system-err")
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _xml(text: str) -> str:
    """Without the characters that XML can't hold, which names in model files may have."""
    return re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)


def github(budget: str, verdict: str, findings: Sequence[Finding]) -> str:
    """Workflow commands: an error for every limit that is exceeded, else a notice."""
    failures = [found for found in findings if not found.passed]
    if not failures:
        return f"::notice title=costmodel::{_data(verdict)}\n"
    file = _property(budget)
    lines = [f"::error file={file},title={_property(f'{f.place}: {f.figure}')}::{_data(f.sentence)}" for f in failures]
    return "\n".join(lines) + "\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
