"""The shell: solve, sensitivity, compare --by."""

import json

import pytest
from typer.testing import CliRunner

import costmodel as cm
from costmodel import cli


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli.app, list(words), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def test_solve() -> None:
    found = json.loads(run("solve", "mobilenet_v1", "fits_sram", "--for", "hardware.sram", "--format", "json"))
    assert (found["variable"], found["value"], found["method"]) == ("hardware.sram_bytes", 1_204_224, "steps")
    assert "hardware.sram_bytes >= 1.148 MiB (1,204,224 B)" in run("solve", "mobilenet_v1", "fits_sram", "--for", "hardware.sram")


def test_solve_takes_a_builders_other_arguments_and_the_machine() -> None:
    words = ["solve", "mobilenet_v1", "peak_live_bytes <= 1 MiB", "--for", "width_multiplier", "--format", "json"]
    small = json.loads(run(*words, "--resolution", "192"))
    assert small["value"] > json.loads(run(*words))["value"]
    tried = json.loads(run(*words, "--lattice", "0.25,0.5,1"))
    assert tried["value"] == 0.5
    fast = json.loads(
        run("solve", "mobilenet_v1", "time_serial_s <= 5 ms", "--for", "hardware.ddr", "--set", "other=1 TFLOPS", "--format", "json")
    )
    assert fast["value"] < 2.8877e9


def test_infeasible_ends_with_code_1() -> None:
    out = run("solve", "mobilenet_v1", "time_serial_s <= 1 ms", "--for", "hardware.ddr", code=1)
    assert "without bound: time_serial_s 2.656 ms" in out


def test_an_iso_line() -> None:
    words = ["solve", "mobilenet_v1", "time_serial_s <= 5 ms", "--for", "hardware.ddr", "--for", "hardware.macs", "--at", "2e9,4e9"]
    rows = run(*words, "--format", "csv").splitlines()
    assert rows[0] == "x,y,verdict"
    assert len(rows) == 3
    assert len(json.loads(run(*words, "--format", "json"))["points"]) == 2


@pytest.mark.parametrize("format", ["table", "markdown", "latex", "csv", "json", "html"])
def test_every_format(format: str) -> None:
    assert run("solve", "mobilenet_cifar", "time_serial_s <= 9 ms", "--for", "hardware.ddr", "--format", format)
    assert run("sensitivity", "mobilenet_cifar", "--top", "2", "--format", format)
    assert run("compare", "mobilenet_cifar", "mobilenet_v1", "--by", "kind", "--format", format)


def test_sensitivity() -> None:
    rows = json.loads(run("sensitivity", "mobilenet_v1", "--metric", "macs", "--format", "json"))
    assert {row["variable"] for row in rows[:2]} == {"width_multiplier", "resolution"}  # each squared
    helps = json.loads(run("sensitivity", "mobilenet_v1", "--helps", "--top", "2", "--format", "json"))
    assert len(helps) == 2
    assert helps[0]["gain"] >= helps[1]["gain"]


def test_compare_by() -> None:
    rows = json.loads(run("compare", "mobilenet_v1", "--hardware", "pardhi,eyeriss", "--by", "stage", "--format", "json"))
    assert rows[0]["stage"] == "112 x 112"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["solve", "mobilenet_v1", "time_serial_s <= 5 MB", "--for", "hardware.ddr"], "do not go together"),
        (["solve", "mobilenet_v1", "fits_sram", "--for", "hardware.sram", "--hardware", "pardhi,eyeriss"], "must name one machine"),
        (["solve", "mobilenet_v1", "fits_sram", "--for", "resolution", "--lattice", "a,b"], "must be numbers"),
        (["solve", "mobilenet_v9", "fits_sram", "--for", "resolution"], "unknown network"),
        (["compare", "mobilenet_v1", "--by", "layer"], "these are 1"),
        (["compare", "mobilenet_v1", "mobilenet_v2", "--by", "colour"], "unknown part"),
        (["sensitivity", "mobilenet_v1", "--metric", "time"], "unknown figure"),
    ],
)
def test_bad_input_is_one_message(words: list[str], said: str) -> None:
    with pytest.raises(cm.CostModelError, match=said):
        CliRunner().invoke(cli.app, words, catch_exceptions=False)
