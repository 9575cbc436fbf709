"""Budgets: limits as they are written, findings against hand-made sums, and the formats that CI systems read."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

import costmodel as cm
from costmodel import cli
from costmodel.budgets import Budget
from costmodel.budgets.figures import FIGURES
from costmodel.layers import Conv2d, Dense, Flatten, MaxPool2d, ReLU

MACHINE = {"sram": "64 KiB", "ddr": "1 GB/s", "macs": "1 GFLOPS", "other": "1 GOP/s"}


def network(channels: int = 4) -> cm.Network:
    """Counts below are for 4 channels.

    conv: 3x3x3 -> 4 on 8x8: 8*8*4 * 27 = 6912 MACs, 108 weights, reads 192, writes 256; body/conv: 4 -> 4: 8*8*4 * 36 = 9216 MACs,
    144 weights, reads and writes 256; pool to 4x4: writes 64; fc: 64 * 10 = 640 MACs and weights, 10 biases.
    """
    x = cm.Input((1, 3, 8, 8))
    x = Conv2d(channels, 3, bias=False)(x, name="conv")
    x = Conv2d(channels, 3, bias=False)(x, name="body/conv")
    x = MaxPool2d(2)(ReLU()(x, name="body/relu"), name="body/pool")
    return cm.Network.of(Dense(10)(Flatten()(x), name="fc"), "small")


def check(budget: object, channels: int = 4, **options: object):
    return cm.check(network(channels), budget, cm.Hardware(name="chip", **MACHINE), **options)


def one(budget: dict, **options: object):
    (finding,) = check(budget, **options).findings
    return finding


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        ("macs", 16_768),  # 6912 + 9216 + 640
        ("parameters", 902),  # 108 + 144 + 640 + 10
        ("weight_bytes", 892),
        ("peak_live_bytes", 512),  # 256 + 256
        ("ddr_bytes", 1094),  # 892 of weights, 192 in, 10 out
        ("other_ops", 458),  # 8*8*4 of relu, 4*4*4 * 3 compares, 10 of bias
        ("time", 1094e-9 + 2 * 16_768e-9 + 458e-9),
    ],
)
def test_a_figure_meets_its_limit_and_exceeds_it_by_one(figure: str, value: float) -> None:
    unit = {"time": "s"}.get(figure)
    at, below = (value, value - 1) if unit is None else (f"{value!r} s", f"{value * 0.99!r} s")
    kept, exceeded = one({"network": {figure: at}}), one({"network": {figure: below}})
    assert (kept.passed, exceeded.passed) == (True, False)
    assert kept.value == pytest.approx(value, rel=1e-12)
    assert exceeded.excess == pytest.approx(1 if unit is None else value * 0.01, rel=1e-6)
    assert kept.causes == ()


def test_the_largest_layers_are_the_cause() -> None:
    found = one({"network": {"macs": 16_000}})
    assert [(c.layer, c.value) for c in found.causes] == [("body/conv", 9216), ("conv", 6912), ("fc", 640)]
    assert found.causes[0].share == pytest.approx(9216 / 16_768)
    assert found.excess_share == pytest.approx(768 / 16_000)


def test_only_layers_over_the_peak_are_its_cause() -> None:
    """Live: 192 + 256 at conv, 512 at body/conv, 320 at pool, 74 at fc."""
    found = one({"network": {"peak_live_bytes": 400}})
    assert [(c.layer, c.value) for c in found.causes] == [("body/conv", 512), ("conv", 448)]
    assert found.value == 512


@pytest.mark.parametrize(
    ("scope", "where", "figure", "value"),
    [
        ("stage", "8 x 8", "macs", 16_128),
        ("stage", "8x8", "macs", 16_128),
        ("stage", "8 x 8", "peak_live_bytes", 512),
        ("block", "body", "macs", 9216),
        ("type", "standard", "weight_bytes", 252),
        ("layer", "*conv", "macs", 9216),
        ("layer", "fc", "macs", 640),
    ],
)
def test_groups_add_up_and_layers_stand_alone(scope: str, where: str, figure: str, value: int) -> None:
    found = one({scope: {where: {figure: value}}})
    assert (found.value, found.passed) == (value, True)
    assert not one({scope: {where: {figure: value - 1}}}).passed


def test_every_layer_that_exceeds_is_counted() -> None:
    found = one({"layer": {"*": {"macs": 100}}})
    assert [c.layer for c in found.causes] == ["body/conv", "conv", "fc"]
    found = one({"layer": {"*": {"peak_live_bytes": 10}}})
    assert [c.layer for c in found.causes] == ["body/conv", "conv", "body/pool"]
    assert found.further == 1
    assert found.sentence.endswith("and 1 more")


def test_growth_against_a_baseline(tmp_path: Path) -> None:
    """With 6 channels conv has 8*8*6 * 27 = 10,368 MACs, body/conv 8*8*6 * 54 = 20,736, fc 96 * 10 = 960: 32,064 in all."""
    old = tmp_path / "old.json"
    old.write_text(cm.predict(network(), cm.Hardware(name="chip", **MACHINE)).to_json())
    budget = {"baseline": {"file": str(old), "macs": "50 %"}}
    assert one(budget).passed
    found = one(budget, channels=6)
    assert (found.before, found.limit, found.value, found.passed) == (16_768, 25_152, 32_064, False)
    assert [(c.layer, c.value) for c in found.causes] == [("body/conv", 11_520), ("conv", 3456), ("fc", 320)]
    assert found.causes[0].share == pytest.approx(11_520 / 15_296)
    assert one({"baseline": {"file": str(old), "macs": 15_296}}, channels=6).passed
    assert not one({"baseline": {"file": str(old), "macs": 15_295}}, channels=6).passed


def test_a_baseline_bounds_every_figure_unless_some_are_named(tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_text(cm.predict(network(), cm.Hardware(name="chip", **MACHINE)).to_json())
    for table in ({}, {"growth": "0 %"}, {"growth": "2 %", "macs": 0}):
        report = check({"baseline": {"file": str(old), **table}})
        assert {finding.figure for finding in report.findings} == set(FIGURES)
        assert report.passed
    report = check({"network": {"macs": "1M"}}, baseline=old, channels=6)
    assert [f.figure for f in report.findings if f.scope == "network"] == ["macs"]
    assert len(report.failures) == len(FIGURES)


def test_a_layer_that_is_new_has_grown_from_nothing(tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    document = cm.predict(network(), cm.Hardware(name="chip", **MACHINE)).to_dict()
    document["layers"] = [layer for layer in document["layers"] if layer["name"] != "fc"]
    document["totals"]["macs"] -= 640
    old.write_text(json.dumps(document))
    assert [(c.layer, c.value) for c in one({"baseline": {"file": str(old), "macs": "0 %"}}).causes] == [("fc", 640)]


def test_a_baseline_under_other_assumptions_is_refused(tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_text(cm.predict(network(), cm.Hardware(name="chip", **MACHINE), traffic="compulsory").to_json())
    with pytest.raises(cm.errors.FieldError, match="made with `traffic` 'compulsory', this prediction has 'resident'"):
        check({"baseline": {"file": str(old)}})
    old.write_text(cm.predict(network(), cm.Hardware(name="chip", **MACHINE | {"ddr": "2 GB/s"})).to_json())
    with pytest.raises(cm.errors.FieldError, match="`ddr_bytes_per_s`"):
        check({"baseline": {"file": str(old)}})


@pytest.mark.parametrize("content", ["", "[]", "{}", "nonsense", '{"schema": 1}', "[" * 10_000])
def test_what_is_no_baseline_is_refused_and_says_how_to_make_one(tmp_path: Path, content: str) -> None:
    (tmp_path / "old.json").write_text(content)
    with pytest.raises(cm.errors.FieldError, match="costmodel predict NETWORK --format json"):
        check({"baseline": {"file": str(tmp_path / "old.json")}})
    with pytest.raises(cm.errors.UnknownNameError, match="there is no baseline"):
        check({"baseline": {"file": str(tmp_path / "none.json")}})


def test_a_damaged_baseline_is_named(tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    document = cm.predict(network(), cm.Hardware(name="chip", **MACHINE)).to_dict()
    for damage in ({"macs": "many"}, {"macs": None}):
        old.write_text(json.dumps(document | {"totals": document["totals"] | damage}))
        with pytest.raises(cm.errors.FieldError, match="lacks macs"):
            check({"baseline": {"file": str(old), "macs": "0 %"}})
    document["totals"].pop("macs")
    old.write_text(json.dumps(document))
    with pytest.raises(cm.errors.FieldError, match="lacks macs"):
        check({"baseline": {"file": str(old), "macs": "0 %"}})


MALFORMED = [
    ("", "limits nothing"),
    ("[network]\nmac = 5", "did you mean macs"),
    ("[netwrk]\nmacs = 5", "unknown table 'netwrk'; did you mean network"),
    ("macs = 5", "stands outside of a table"),
    ("network = 5", "must be a table"),
    ("[network]\ntime = 5", r"`time`: 5 has no unit"),
    ('[network]\ntime = "5 MB"', "it must be one of s"),
    ('[network]\nweight_bytes = "5 Mb"', "in bits, where bytes are meant"),
    ('[network]\nmacs = "5 MB"', "'5 MB' is a count"),
    ("[network]\nmacs = -5", "finite and positive"),
    ("[network]\nmacs = true", "is not a number"),
    ("[network]\nmacs = [5]", "is not a number"),
    ("[layer]\nmacs = 5", r'\[layer\."NAME"\]'),
    ('[layer."conv7*"]\nmacs = 5', r"unknown layer 'conv7\*'; did you mean conv"),
    ('[stage."7 x 7"]\nmacs = 5', "unknown stage '7 x 7'"),
    ("[baseline]\nmacs = 0", r"`file` \(=None\)"),
    ('[baseline]\nfile = "x.json"\nmacs = "-2 %"', "must be a share"),
    ('[baseline]\nfile = "x.json"\ngrowth = "1 MiB"', "is of all figures"),
    ('[baseline]\nfile = "x.json"\nmac = "2 %"', "did you mean macs"),
    ('[network]\nmacs = 5\n[predict]\ntrafic = "tiled"', "did you mean traffic"),
    ('[network]\nmacs = 5\n[predict]\ntraffic = "tile"', "did you mean tiled"),
    ("[network\nmacs = 5", "is no TOML"),
]


@pytest.mark.parametrize(("text", "message"), MALFORMED)
def test_a_malformed_budget_says_what_would_be_right(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "budget.toml"
    path.write_text(text)
    with pytest.raises(cm.CostModelError, match=message):
        cm.check(network(), path)


def test_a_budget_that_is_not_there_or_of_another_type() -> None:
    with pytest.raises(cm.errors.UnknownNameError, match="there is no budget file"):
        cm.check("lenet_300_100", "none.toml")
    with pytest.raises(cm.errors.FieldError, match="got int"):
        cm.check("lenet_300_100", 5)  # type: ignore[arg-type]


def test_symbols_are_refused() -> None:
    with pytest.raises(cm.errors.SymbolicError, match="plain numbers"):
        cm.check(network(cm.symbols("C")), {"network": {"macs": 5}})  # type: ignore[arg-type]


def test_energy_on_flash_is_refused() -> None:
    flash = cm.Hardware(sram="64 KiB", flash="1 MiB", flash_rate="10 MB/s", macs="1 GFLOPS", other="1 GOP/s")
    with pytest.raises(cm.errors.FieldError, match="energy is not known"):
        cm.check(network(), {"network": {"energy": "1 J"}}, flash)


def test_settings_of_the_budget_and_of_the_call() -> None:
    budget = {"network": {"weight_bytes": 1784}, "predict": {"weight_bits": 16, "hardware": "coral_edge_tpu"}}
    report = cm.check(network(), budget)
    assert (report.findings[0].value, report.prediction.hardware.name) == (1784, "coral_edge_tpu")
    report = cm.check(network(), budget, "pardhi", weight_bits=8)
    assert (report.findings[0].value, report.prediction.hardware.name) == (892, "pardhi")


def test_a_machine_file_lies_beside_the_budget(tmp_path: Path) -> None:
    (tmp_path / "chip.toml").write_text('sram = "1 MiB"\nddr = "1 GB/s"\nmacs = "1 GFLOPS"\nother = "1 GOP/s"\n')
    (tmp_path / "budget.toml").write_text('[predict]\nhardware = "chip.toml"\n[network]\nmacs = 5\n')
    assert Budget.of(tmp_path / "budget.toml").settings == {"hardware": tmp_path / "chip.toml"}
    assert cm.check(network(), tmp_path / "budget.toml").prediction.hardware.name == "chip"


# What the two common schemas ask: windyroad's JUnit.xsd (Ant) and junit-10.xsd of the xUnit plugin of Jenkins.
ANT = {
    "testsuites": {},
    "testsuite": {"name": r".+", "package": r".*", "id": r"\d+", "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", "hostname": r".+",
                  "tests": r"\d+", "failures": r"\d+", "errors": r"\d+", "time": r"\d+(\.\d+)?"},
    "properties": {},
    "testcase": {"name": r".+", "classname": r".+", "time": r"\d+(\.\d+)?"},
    "failure": {"message": r".*", "type": r".+"},
    "system-out": {},
    "system-err": {},
}  # fmt: skip
"""Each element with its required attributes; none of them has another here."""
JENKINS = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname", "id", "package", "file",
                  "log", "url"},
    "properties": set(),
    "testcase": {"name", "time", "classname", "group"},
    "failure": {"type", "message"},
    "system-out": set(),
    "system-err": set(),
}  # fmt: skip
"""Each element with the attributes that it may have."""


def assert_junit(text: str) -> ElementTree.Element:
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    for element in root.iter():
        assert element.attrib.keys() == ANT[element.tag].keys()
        assert element.attrib.keys() <= JENKINS[element.tag]
        for name, pattern in ANT[element.tag].items():
            assert re.fullmatch(pattern, element.attrib[name], re.DOTALL), (element.tag, name)
    for suite in root:
        names = [child.tag for child in suite]
        assert names == ["properties", *["testcase"] * int(suite.attrib["tests"]), "system-out", "system-err"]
        cases = suite.findall("testcase")
        assert all(len(case) <= 1 for case in cases)
        assert sum(case.find("failure") is not None for case in cases) == int(suite.attrib["failures"])
        assert suite.attrib["errors"] == "0"
    return root


def test_junit_is_valid_for_ant_and_jenkins() -> None:
    root = assert_junit(check({"network": {"macs": 16_000, "time": "1 s"}, "layer": {"*": {"macs": "1M"}}}).to_junit())
    assert [case.get("name") for case in root.iter("testcase")] == ["network: macs", "network: time", "layer *: macs"]
    (failure,) = root.iter("failure")
    assert "exceeds 16k by 768 (+4.8 %)" in failure.attrib["message"]


def test_names_that_xml_cannot_hold() -> None:
    x = Conv2d(4, 1)(cm.Input((1, 3, 8, 8)), name='a<&>"\x00\x1b\ud800')
    report = cm.check(cm.Network.of(x, 'net\x01<"'), {"network": {"macs": 1}})
    root = assert_junit(report.to_junit())
    assert root[0].get("name") == 'net?<"'
    report.to_junit().encode()


def test_github_escapes_what_ends_a_command() -> None:
    x = Conv2d(4, 1)(cm.Input((1, 3, 8, 8)), name="a,b:c%d")
    text = cm.check(cm.Network.of(x, "net"), {"layer": {"a,b*": {"macs": 1}}}).to_github()
    assert text.count("\n") == 1
    head, _, message = text.removeprefix("::error ").partition("::")
    assert "title=layer a%2Cb*%3A macs" in head
    assert "a,b:c%25d" in message


def test_a_name_with_brackets_is_its_own_pattern() -> None:
    x = Conv2d(4, 1)(cm.Input((1, 3, 8, 8)), name="blocks[0].conv")
    for pattern in ("blocks[0].conv", "blocks*", "blocks[[]0].conv"):
        assert cm.check(cm.Network.of(x, "net"), {"layer": {pattern: {"macs": 768}}}).passed  # 8*8*4 * 3


def test_github_says_that_all_is_well() -> None:
    assert check({"network": {"macs": "1M"}}).to_github() == "::notice title=costmodel::small on chip, budget: all limits kept\n"


def test_json_has_every_finding() -> None:
    document = json.loads(check({"network": {"macs": 16_000, "ddr_bytes": "1 MB"}}).to_json())
    assert document["passed"] is False
    assert [(f["figure"], f["passed"], f["excess"]) for f in document["findings"]] == [
        ("macs", False, 768),
        ("ddr_bytes", True, 1094 - 10**6),
    ]
    assert document["findings"][0]["causes"][0] == {"layer": "body/conv", "value": 9216, "share": 9216 / 16_768}


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(cm.errors.UnknownNameError, match="did you mean junit"):
        check({"network": {"macs": 5}}).render("junt")


def shell(*words: object):
    return CliRunner().invoke(cli.app, [str(word) for word in words], catch_exceptions=True)


@pytest.mark.parametrize(("limit", "code"), [("600M", 0), ("500M", 1)])
def test_exit_codes(tmp_path: Path, limit: str, code: int) -> None:
    budget = tmp_path / "budget.toml"
    budget.write_text(f'[network]\nmacs = "{limit}"\n')
    result = shell("check", "mobilenet_v1", "--budget", budget, "--format", "json")
    assert result.exit_code == code
    assert json.loads(result.output)["passed"] is (code == 0)
    assert shell("check", "mobilenet_v1", "--width-multiplier", "0.5", "--budget", budget).exit_code == 0


def test_the_shell_takes_a_machine_a_baseline_and_a_file(tmp_path: Path) -> None:
    budget, old, out = (tmp_path / name for name in ("budget.toml", "old.json", "out.xml"))
    budget.write_text('[network]\ntime = "1 µs"\n')
    assert shell("predict", "lenet_300_100", "--hardware", "stm32f407", "--format", "json", "--output", old).exit_code == 0
    words = ("check", "lenet_300_100", "--budget", budget, "--hardware", "stm32f407", "--baseline", old)
    assert isinstance(shell(*words, "--set", "macs=100 GFLOPS").exception, cm.errors.FieldError)  # the baseline's machine is another
    result = shell(*words, "--format", "junit", "--output", out)
    assert result.exit_code == 1
    root = assert_junit(out.read_text())
    assert [case.find("failure") is not None for case in root.iter("testcase")][:2] == [True, False]


def test_a_malformed_budget_ends_with_one_message_and_code_2(tmp_path: Path) -> None:
    budget = tmp_path / "budget.toml"
    budget.write_text("[network]\nmac = 5\n")
    words = [sys.executable, "-m", "costmodel", "check", "lenet_300_100", "--budget", str(budget)]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == f"costmodel: budget file {str(budget)!r}: [network]: unknown figure 'mac'; did you mean macs?\n"


EXAMPLES = Path(cm.__file__).parents[1] / "examples" / "budget"


def test_the_files_for_continuous_integration_do_as_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command in them runs, on a network of the zoo in place of the model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    (tmp_path / "budget.toml").write_text((EXAMPLES / "budget.toml").read_text())
    assert shell("predict", "mobilenet_v1", "--format", "json", "--output", "baseline.json").exit_code == 0
    text = "".join((EXAMPLES / name).read_text() for name in ("github-action.yml", "pre-commit-config.yaml"))
    commands = re.findall(r"(?:run|entry): costmodel (.*)", text)
    assert len(commands) == 4
    for command in commands:
        words = command.partition(" >>")[0].replace("model.onnx", "mobilenet_v1").split()
        assert shell(*words).exit_code == 0, command
    assert_junit((tmp_path / "budget.xml").read_text())


@pytest.mark.parametrize("name", ["github-action.yml", "pre-commit-config.yaml"])
def test_the_files_for_continuous_integration_are_yaml(name: str) -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML, which pre-commit brings, is not installed")
    assert {"jobs", "repos"} & yaml.safe_load((EXAMPLES / name).read_text()).keys()


def test_a_report_comes_in_every_form_of_a_table() -> None:
    report = check({"network": {"macs": 5}})
    (row,) = csv.DictReader(io.StringIO(report.render("csv")))
    assert (row["figure"], row["passed"], row["value"], row["limit"]) == ("macs", "False", str(report.prediction.total.macs), "5")
    assert row["causes"].split()[0] == report.findings[0].causes[0].layer
    assert report.render("table") == report.render("text")
    for form, start in (("markdown", "**"), ("latex", "%"), ("html", "<table")):
        assert report.render(form).startswith(start)
        assert "EXCEEDED" in report.render(form)
