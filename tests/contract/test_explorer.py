"""The explorer's page as a file: what it holds, what it refuses. What it shows is tested in a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import sympy as sp
from typer.testing import CliRunner

import costmodel as cm
from costmodel.cli import app
from costmodel.errors import CostModelError, FieldError, SymbolicError, UnknownNameError
from costmodel.report.explore.script import Script


def told(page: str) -> dict[str, Any]:
    """What the page says of itself."""
    return dict(json.loads(re.search(r"^const page = (.*);$", page, re.MULTILINE)[1]))  # type: ignore[index]


def test_a_page_asks_nothing_of_the_network() -> None:
    page = cm.report.explorer("mobilenet_v1")
    assert not re.search(r"src=|href=|url\(|import |fetch\(|XMLHttpRequest|https?://(?!www\.w3\.org/2000/svg)", page)
    assert "default-src 'none'" in page


def test_knobs_begin_where_they_are_told() -> None:
    page = told(cm.report.explorer("mobilenet_v2", "stm32h743", width_multiplier=0.35, resolution=96, traffic="compulsory"))
    knobs = {knob["key"]: knob["value"] for knob in page["knobs"]}
    machine = cm.Hardware.load("stm32h743")
    assert (knobs["width_parts"], knobs["resolution"], knobs["sram_bytes"]) == (0.35, 96, machine.sram_bytes)
    assert page["choices"][0]["value"] == "compulsory"


def test_only_what_a_network_has_turns() -> None:
    keys = {name: {knob["key"] for knob in told(cm.report.explorer(name))["knobs"]} for name in ("resnet20_cifar", "lenet_300_100")}
    machine = {"sram_bytes", "bytes_per_s", "mac_flops_per_s", "other_ops_per_s", "clock", "weight_bits", "activation_bits"}
    assert keys == {"resnet20_cifar": machine | {"resolution"}, "lenet_300_100": machine}


def test_names_can_not_leave_their_strings() -> None:
    name = "</script><script>alert('x')</script>"
    page = cm.report.explorer(cm.Network.of(cm.layers.ReLU()(cm.Input((1, 4)), name=name), name))
    assert "</script><script>" not in page
    assert told(page)["layers"][0]["name"] == name


@pytest.mark.parametrize(
    ("network", "options", "error", "words"),
    [
        ("mobilenet_v1", {"traffic": "tiled"}, UnknownNameError, "traffic policy of closed form"),
        ("mobilnet_v1", {}, UnknownNameError, "mobilenet_v1"),
        ("mobilenet_v1", {"at": {"H": 3}}, FieldError, "no open size"),
        ("mobilenet_v1", {"hardware": cm.Hardware(sram=cm.symbols("S"), ddr=1, macs=1, other=1)}, SymbolicError, "plain numbers"),
    ],
)
def test_bad_questions_are_refused(network: str, options: dict[str, Any], error: type[CostModelError], words: str) -> None:
    with pytest.raises(error, match=words):
        cm.report.explorer(network, **options)


def test_open_sizes_need_a_beginning() -> None:
    network = cm.Network.of(cm.layers.ReLU()(cm.Input((1, 3, *cm.symbols("H W", integer=True)))), "open")
    with pytest.raises(SymbolicError, match=r"say where the page begins: at=\{'W': 224\}"):
        cm.report.explorer(network, at={"H": 224})
    with pytest.raises(FieldError, match="width_multiplier"):
        cm.report.explorer(network, at={"H": 8, "W": 8}, width_multiplier=1)
    knobs = {knob["key"]: knob["value"] for knob in told(cm.report.explorer(network, at={"H": 8, "W": 6}))["knobs"]}
    assert (knobs["H"], knobs["W"]) == (8, 6)


def test_several_widths_of_a_networks_own_are_a_choice() -> None:
    plain = cm.zoo.build("lenet_300_100")
    document = json.loads(plain.to_json())
    layers = [node for node in document["nodes"] if node["kind"] == "dense"]
    for node, bits in zip(layers, (4, 16, 16), strict=True):
        node["weight_bits"] = bits
    mixed = cm.Network.from_json(json.dumps(document))
    assert [choice["key"] for choice in told(cm.report.explorer(plain))["choices"]] == ["traffic", "time"]
    page = cm.report.explorer(mixed)
    assert [choice["key"] for choice in told(page)["choices"]] == ["traffic", "time", "widths"]
    assert "function own_figures(v)" in page
    assert {knob["key"]: knob["value"] for knob in told(page)["knobs"]}["weight_bits"] == 16


def test_roundings_are_of_whole_numbers() -> None:
    n = sp.Symbol("n", integer=True, positive=True)
    script = Script({n: "n"}).function("f", ["n"], [sp.floor(9 * n / 80 + sp.Rational(1, 2)), sp.ceiling(n / 8)])
    assert "Math.floor((9*n + 40)/80)" in script
    assert "Math.ceil((n)/8)" in script


def test_the_shell_writes_the_page(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    result = CliRunner().invoke(app, ["explore", "mobilenet_v1", "--resolution", "160", "--set", "ddr=2 GB/s", "-o", str(file)])
    assert result.exit_code == 0, result.output
    knobs = {knob["key"]: knob["value"] for knob in told(file.read_text())["knobs"]}
    assert (knobs["resolution"], knobs["bytes_per_s"]) == (160, 2_000_000_000)


def test_the_shell_takes_open_sizes_of_a_file(tmp_path: Path) -> None:
    network, file = tmp_path / "n.json", tmp_path / "page.html"
    network.write_text(cm.zoo.build("lenet_300_100").to_json())
    assert CliRunner().invoke(app, ["explore", str(network), "-o", str(file)]).exit_code == 0
    assert told(file.read_text())["name"] == "lenet_300_100"
    assert isinstance(CliRunner().invoke(app, ["explore", "lenet_300_100", "-m", "pardhi,eyeriss"]).exception, FieldError)
    assert isinstance(CliRunner().invoke(app, ["explore", "lenet_300_100", "--at", "H=3"]).exception, FieldError)
