"""Files that leave sizes open, in the shell: a batch is one, others are asked for, and what is named becomes formulas."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from costmodel import cli
from costmodel.errors import FieldError

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
