"""Files that leave sizes open, in the shell: a batch is one, others are asked for, and what is named becomes formulas."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from costmodel import cli
from costmodel.errors import CostModelError, FieldError

onnx = pytest.importorskip("onnx", reason="reading .onnx files needs the extra onnx")

MACS = 16 * 32 * 32 * 3 * 3 * 3
"""Of a convolution of 16 channels, 3x3, over three channels of 32x32, one picture."""


@pytest.fixture
def file(tmp_path: Path):
    """A file with one convolution, whose input has the given shape."""

    def write(shape: list[int | str]) -> str:
        helper, float32 = onnx.helper, onnx.TensorProto.FLOAT
        x, y = (helper.make_tensor_value_info(name, float32, sizes) for name, sizes in (("x", shape), ("y", None)))
        weight = helper.make_tensor("w", float32, [16, 3, 3, 3], bytes(4 * 16 * 27), raw=True)
        node = helper.make_node("Conv", ["x", "w"], ["y"], name="conv", pads=[1, 1, 1, 1])
        path = tmp_path / "model.onnx"
        onnx.save(helper.make_model(helper.make_graph([node], "model", [x], [y], [weight])), path)
        return str(path)

    return write


def predicted(*words: str) -> dict:
    result = CliRunner().invoke(cli.app, ["predict", *words, "--format", "json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


@pytest.mark.parametrize("shape", [["N", 3, 32, 32], ["batch_size", 3, 32, 32], [None, 3, 32, 32]])
def test_an_open_batch_is_one_and_the_assumptions_say_so(file, shape) -> None:
    document = predicted(file(shape))
    assert document["totals"]["macs"] == MACS
    assert document["layers"][0]["input_shapes"] == [[1, 3, 32, 32]]
    (said,) = document["assumptions"]["reading"]
    assert said.endswith("= 1, as the file leaves the batch open")


def test_a_given_batch_stands(file) -> None:
    document = predicted(file(["N", 3, 32, 32]), "--input", "x=4,3,32,32")
    assert document["totals"]["macs"] == 4 * MACS
    assert "reading" not in document["assumptions"]


def test_other_sizes_are_asked_for(file) -> None:
    result = CliRunner().invoke(cli.app, ["predict", file(["N", 3, "H", "W"])])
    assert isinstance(result.exception, FieldError)
    assert str(result.exception).endswith('give --input "x=1,3,H,W" with numbers for H, W, or as it stands for formulas')


def test_named_sizes_become_formulas(file) -> None:
    path = file(["N", 3, "H", "W"])
    for named, formula in (("x=1,3,H,W", "432*H*W"), ("x=N,3,32,32", f"{MACS}*N")):
        result = CliRunner().invoke(cli.app, ["predict", path, "--input", named, "--format", "csv"], catch_exceptions=False)
        assert formula in result.output


def test_axes_of_a_sweep_stay_open(file) -> None:
    pytest.importorskip("xarray", reason="sweeps need the extra explore")
    words = ["sweep", file(["N", 3, "H", 32]), "--axis", "N=1,2", "--axis", "H=32,64", "--metric", "macs", "--format", "json"]
    result = CliRunner().invoke(cli.app, words, catch_exceptions=False)
    assert [point["macs"] for point in json.loads(result.output)] == [MACS, 2 * MACS, 2 * MACS, 4 * MACS]


def asked(*words: str) -> dict:
    result = CliRunner().invoke(cli.app, [*words, "--format", "json"], catch_exceptions=False)
    return json.loads(result.output)


def test_an_open_size_is_solved_for(file) -> None:
    """432 MACs a place: 16 channels, 3x3 over 3."""
    assert asked("solve", file(["N", 3, 32, 32]), f"macs <= {10 * MACS}", "--for", "N")["value"] == 10
    path = file(["N", 3, "H", "W"])
    found = asked("solve", path, "macs <= 1 M", "--for", "H", "--size", "W=32")
    assert (found["value"], found["spans"]) == (10**6 // (432 * 32), [[None, 72]])
    assert [check["holds"] for check in found["checks"]] == [True, False]
    line = asked("solve", path, "macs <= 1 M", "--for", "H", "--for", "W", "--at", "16,32")
    assert [point["y"] for point in line["points"]] == [10**6 // (432 * 16), 72]
    result = CliRunner().invoke(cli.app, ["solve", file(["N", 3, 32, 32]), "macs <= 1", "--for", "N"])
    assert result.exit_code == 1
    assert "no N keeps macs <= 1; nearest is N 1" in result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--for", "H"], r'give --input "x=1,3,H,W" with numbers for W'),
        (["--for", "hardware.ddr", "--input", "x=1,3,H,32"], r'give --input "x=1,3,H,32" with numbers for H'),
        (["--for", "H", "--size", "W=wide"], r"--size 'W' \(='wide'\) must be a number, e.g. W=224"),
        (["--for", "H", "--size", "W=32", "--size", "V=1"], r"unknown size 'V'"),
    ],
)
def test_sizes_that_are_left_open_are_asked_for(file, words, message) -> None:
    result = CliRunner().invoke(cli.app, ["solve", file(["N", 3, "H", "W"]), "macs <= 1 M", *words])
    assert isinstance(result.exception, CostModelError)
    assert re.search(message, str(result.exception)), result.exception


def test_what_open_sizes_do_to_a_figure(file) -> None:
    """MACs grow with the height: by the 32nd part a row of 32."""
    words = ["sensitivity", file(["N", 3, "H", 32]), "--metric", "macs", "--size", "H=32"]
    (row,) = [row for row in asked(*words) if row["variable"] == "H"]
    assert (row["value"], row["derivative_above"], row["elasticity_above"]) == (32, MACS / 32, 1.0)
    moves = asked(*words[:2], "--metric", "time_best_s", "--size", "H=32", "--helps")
    assert {"double the bus"} <= {move["what"] for move in moves}


def test_a_page_asks_for_every_size_that_it_has_to_begin_with(file, tmp_path: Path) -> None:
    name, page = file(["N", 3, "H", "W"]), str(tmp_path / "page.html")
    words = ["explore", name, "--input", "x=1,3,H,W", "--output", page]
    result = CliRunner().invoke(cli.app, words)
    assert isinstance(result.exception, FieldError)
    assert str(result.exception).endswith("say where the page begins, e.g. --at H=224 --at W=224")
    assert CliRunner().invoke(cli.app, [*words, "--at", "H=224", "--at", "W=224"]).exit_code == 0


def test_answers_and_tables_name_the_batch_as_predictions_do(file) -> None:
    name = file(["N", 3, "H", 32])
    answer = CliRunner().invoke(cli.app, ["solve", name, f"macs <= {MACS}", "--for", "H", "--format", "json"])
    document = json.loads(answer.output)
    assert document["value"] == 32  # the most of 16 x 32 x H x 27 MACs
    assert document["assumptions"]["reading"] == ["N = 1, as the file leaves the batch open"]
    assert document["assumptions"]["fuse_epilogues"] is True
    pytest.importorskip("xarray", reason="sweeps need the extra explore")
    table = CliRunner().invoke(cli.app, ["sweep", name, "--axis", "H=32", "--metric", "macs"]).output
    assert "reading: N = 1, as the file leaves the batch open\n" in table


def test_files_that_are_compared_have_sizes_of_their_own(file, tmp_path: Path) -> None:
    """An input goes to the file that has it: 32x32 for the one, 16x16 for the other; what neither has is refused."""
    one = file([1, 3, "H", "W"])
    model = onnx.load(one)
    model.graph.input[0].name = model.graph.node[0].input[0] = "picture"
    onnx.save(model, other := str(tmp_path / "other.onnx"))
    sizes = ["--input", "x=1,3,32,32", "--input", "picture=1,3,16,16"]
    found = CliRunner().invoke(cli.app, ["compare", one, other, *sizes, "--format", "json"])
    assert [side["macs"] for side in json.loads(found.output)] == [MACS, MACS / 4], found.output
    with pytest.raises(CostModelError, match="'y'"):
        CliRunner().invoke(cli.app, ["compare", one, other, *sizes, "--input", "y=1,3,8,8"], catch_exceptions=False)
