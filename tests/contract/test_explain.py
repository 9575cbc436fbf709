"""Explanations: the formula that is shown, worked out with the values that are shown, is the figure of the prediction."""

import cProfile
import csv
import io
import json
import math
import pstats

import pytest
from typer.testing import CliRunner

import costmodel as cm
from costmodel import cli
from costmodel.formulas import FORMULAS
from costmodel.layers import LAYERS, Counts, Layer
from costmodel.network.builder import Tensor

FIGURES = (
    "macs", "other_ops", "weights", "biases", "norm_affine", "norm_statistics", "constants", "weight_bytes", "input_bytes", "output_bytes",
    "live_bytes", "ddr_bytes", "ddr_time_s", "mac_time_s", "other_time_s", "time_serial_s", "time_overlapped_s", "energy_j", "peak_fraction",
)  # fmt: skip
EXAMPLES = [
    pytest.param(example, id=f"{kind}-{number}")
    for kind, layer in sorted(LAYERS.items())
    for number, example in enumerate(layer.examples())
    if layer.role in ("step", "epilogue")
]


def figure(row: object, name: str) -> object:
    parameters = row.parameters
    return parameters[name] if name in parameters else getattr(row, name)


def predicted(example: object) -> cm.Prediction:
    inputs = [cm.Input(shape, name=f"input{index}") for index, shape in enumerate(example.inputs)]
    return cm.predict(cm.Network.of(Tensor(example.layer, tuple(inputs), "it"), "example"))


def assert_explained(explained, row) -> None:
    for name in FIGURES:
        found = explained[name]
        assert found.result == figure(row, name), name
        assert math.isclose(found.evaluate(), figure(row, name), rel_tol=1e-12), name
        assert found.sources or found.result == 0, name
        assert all(len(source) > 5 for source in found.sources), name


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_kind_of_layer(example) -> None:
    p = predicted(example)
    (row,) = p.rows
    explained = p.explain("it")
    assert_explained(explained, row)
    # What a layer counts is shown as a formula of its sizes, never as the bare number.
    for name, value in {"macs": example.counts.macs, "other_ops": row.other_ops, **example.counts.parameters()}.items():
        assert (value == 0) == explained[name].is_plain, name


@pytest.mark.parametrize("traffic", ["resident", "tiled"])
def test_a_machine_with_overhead_utilisation_and_bursts(traffic: str) -> None:
    machine = cm.Hardware.load("pardhi").replace(overhead="20 us", burst="64 B", utilisation={"depthwise": 0.25})
    p = cm.predict("mobilenet_v2", machine, traffic=traffic)
    for index in range(0, len(p), 7):
        assert_explained(p.explain(index), p[index])
    assert math.isclose(p.explain("stage5/block1/dw")["occupied_macs"].evaluate(), 4 * p["stage5/block1/dw"].macs)


@pytest.mark.parametrize("traffic", ["weights", "compulsory", "resident", "tiled", "fused"])
@pytest.mark.parametrize("network", ["mobilenet_v2", "squeezenet_1_1"])
def test_every_row_under_every_policy(network: str, traffic: str) -> None:
    p = cm.predict(network, traffic=traffic, activation_bits=16)
    for index in range(0, len(p), 7):
        assert_explained(p.explain(index), p[index])


def test_totals() -> None:
    p = cm.predict("mobilenet_v2")
    explained = p.explain()
    for name in (*FIGURES[:8], *FIGURES[11:]):
        assert math.isclose(explained[name].evaluate(), figure(p.total, name), rel_tol=1e-12), name
    assert explained["peak_live_bytes"].evaluate() == 112 * 112 * 96 + 56 * 56 * 96
    assert "at stage2/block1/dw" in str(explained["peak_live_bytes"])


def test_the_shown_values_are_those_of_the_layer() -> None:
    """The text itself, worked out by hand: 3x3 windows, 3 channels to 32 on 112x112."""
    found = cm.predict("mobilenet_v1").explain("conv1")["macs"]
    assert found.used == {
        "kernel_size": 3,
        "batch": 1,
        "out_channels": 32,
        "out_height": 112,
        "out_width": 112,
        "in_channels": 3,
        "groups": 1,
    }
    shown = found.values_text.replace("×", "*").replace("^", "**")
    assert eval(shown, {"floor": math.floor}) == 112 * 112 * 32 * 27
    assert found.math == FORMULAS["conv.macs"].math
    assert FORMULAS["conv.macs"].references in found.sources[0]


def test_one_name_stands_for_one_value() -> None:
    """Two maps of other sizes meet in a row: a convolution and the norm behind it share theirs."""
    p = cm.predict("mobilenet_v1")
    for row in p:
        for found in p.explain(row.name).values():
            names = [symbol.name for symbol in found.values]
            assert len(names) == len(set(names))


def test_every_operation_has_its_source() -> None:
    found = cm.predict("mobilenet_v1", other_ops={"relu": 7}).explain("conv1")["other_ops"]
    assert found.evaluate() == 112 * 112 * 32 * (2 + 7)
    assert "replaced by `other_ops`" in found.sources
    assert any("1502.03167" in source for source in found.sources)


def test_whether_a_map_stays_on_chip_is_said() -> None:
    remarks = " ".join(cm.predict("mobilenet_v1").explain("block1/pw")["ddr_bytes"].remarks)
    assert "at most 1.148 MiB are live, which exceeds the SRAM of 1 MiB" in remarks
    assert "map input (147 KiB): comes in over the bus" in " ".join(cm.predict("mobilenet_v1").explain("conv1")["ddr_bytes"].remarks)


def test_a_machine_with_flash() -> None:
    flash = cm.Hardware(sram="1 MiB", flash="8 MiB", flash_rate="10 MB/s", macs="1 GFLOPS", other="1 GOP/s")
    p = cm.predict("mobilenet_v1", flash)
    explained = p.explain("conv1")
    assert explained["flash_bytes_moved"].evaluate() == 864
    assert "energy_j" not in explained
    assert "flash_bytes_moved" in p.explain()


def test_symbols_stay_symbols() -> None:
    R, beta = cm.symbols("R", multiple_of=32), cm.symbols("beta")
    p = cm.predict(cm.zoo.mobilenet_v1(resolution=R), cm.Hardware.load("pardhi").replace(ddr=beta))
    for name in ("macs", "other_ops", "weight_bytes", "live_bytes", "ddr_time_s"):
        found = p.explain("block2/pw")[name]
        assert (found.evaluate() - figure(p["block2/pw"], name)).equals(0) if hasattr(found.evaluate(), "equals") else True
        assert found.to_text()
        assert found.to_latex()
    assert p.explain().to_text()
    assert [source.partition(":")[0] for source in p.explain("block2/pw")["macs"].sources] == ["conv.macs"]


def test_arrays_are_shown_by_their_range() -> None:
    np = pytest.importorskip("numpy")
    p = cm.predict("mobilenet_v1", cm.Hardware.load("pardhi").replace(ddr=np.array([1e9, 2e9])))
    found = p.explain("conv1")["ddr_time_s"]
    assert found.evaluate() == pytest.approx([151_392e-9, 75_696e-9])
    assert "75.7 µs to 151.4 µs" in found.to_text()


def test_what_a_file_stores_is_said_so() -> None:
    network = cm.zoo.mobilenet_cifar()
    node = network.nodes["conv1"]
    held = node._replace(held=node.counts()._replace(weights=5))
    nodes = [held if other.name == "conv1" else other for other in network.nodes.values()]
    found = cm.predict(cm.Network("stored", nodes, network.outputs)).explain("conv1")["weights"]
    assert (found.evaluate(), found.sources) == (5, ("what the model file stores",))


def test_renderings() -> None:
    explained = cm.predict("mobilenet_v1").explain("conv1")
    text, markdown, latex = explained.to_text(), explained.to_markdown(), explained.to_latex()
    assert "assumptions: traffic resident" in text
    assert "0: biases, constants" in text
    assert markdown.count("$$") == 2 * (len(explained) - 2)  # a formula a figure, but for the two that are nothing
    assert latex.count(r"\[") == latex.count(r"\]") == len(explained) - 2
    for part in (markdown, latex):
        assert part.count("{") == part.count("}")
        assert part.count(r"\begin{aligned}") == part.count(r"\end{aligned}")
    document = json.loads(explained.to_json())
    assert document["figures"]["macs"]["result"] == 10_838_016
    assert document["figures"]["macs"]["values"]["out_height"] == 112
    assert explained["macs"]._repr_latex_().startswith("$$")
    assert explained._ipython_key_completions_() == list(explained)


def test_unknown_layers_and_figures_are_named() -> None:
    p = cm.predict("mobilenet_v1")
    with pytest.raises(cm.errors.UnknownNameError, match="unknown layer 'conv2'; did you mean"):
        p.explain("conv2")
    with pytest.raises(cm.errors.UnknownNameError, match="unknown figure 'mac'; did you mean macs"):
        p.explain("conv1")["mac"]


def shell(*words: str):
    return CliRunner().invoke(cli.app, ["explain", *words], catch_exceptions=True)


def test_the_shell() -> None:
    assert "= 3^2 × 1 × 32 × 112 × 112 × floor(3 / 1)" in shell("mobilenet_v1", "conv1").output
    found = json.loads(shell("mobilenet_v1", "conv1", "--figure", "macs", "--width-multiplier", "0.5", "--format", "json").output)
    assert found["result"] == 112 * 112 * 16 * 27
    assert json.loads(shell("mobilenet_v1", "--width-multiplier", "0.5", "--format", "json").output)["figures"]["peak_live_bytes"]["result"]
    assert shell("mobilenet_v1", "conv1", "--format", "latex").output.startswith("% conv1")
    assert isinstance(shell("mobilenet_v1", "conv9").exception, cm.errors.UnknownNameError)
    assert isinstance(shell("mobilenet_v1", "--format", "pdf").exception, cm.errors.UnknownNameError)
    rows = {row["figure"]: row for row in csv.DictReader(io.StringIO(shell("mobilenet_v1", "conv1", "--format", "csv").output))}
    assert (rows["macs"]["result"], rows["macs"]["unit"]) == (str(112 * 112 * 32 * 27), "MAC")
    assert "10,838,016 MAC" in shell("mobilenet_v1", "conv1", "--figure", "macs", "--format", "table").output
    assert shell("mobilenet_v1", "conv1", "--format", "html").output.startswith("<table")
    assert isinstance(shell("mobilenet_v1", "--hardware", "pardhi,pardhi").exception, cm.errors.FieldError)


def test_a_profiler_that_runs_stays_as_it_is() -> None:
    p, profiler = cm.predict("mobilenet_v1"), cProfile.Profile()
    profiler.enable()
    found = p.explain("conv1")["macs"]
    sorted([2, 1])
    profiler.disable()
    assert found.evaluate() == 10_838_016
    assert any("sorted" in str(key[2]) for key in pstats.Stats(profiler).stats)


class Whole(Layer):
    """One of a user, that asks its input for plain numbers: what it counts is shown as a number, with what it says of itself."""

    def output_shape(self, *inputs):
        return inputs[0]

    def counts(self, inputs, output):
        return Counts(macs=int(inputs[0][1]) * 5)


def test_a_layer_that_takes_no_symbols_shows_its_number() -> None:
    layer = Whole()
    type(layer).kind = "whole"
    found = cm.predict(cm.Network.of(layer(cm.Input((1, 3, 8, 8)), name="it"), "net")).explain("it")["macs"]
    assert (found.is_plain, found.evaluate(), found.result) == (True, 15, 15)
    assert "the rule of the layer whole: One of a user" in found.sources[0]
