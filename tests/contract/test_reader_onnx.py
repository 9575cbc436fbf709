"""Reading ONNX files: counts of real models, every way to store a weight, shapes, control flow, what is refused."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import costmodel as cm
from costmodel.readers._rules import CUSTOM

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
PACKAGE = Path(onnx.__file__).parent.parent
LIGHT = [
    m for m in json.loads((Path(__file__).parent.parent / "data" / "onnx_corpus.json").read_text()) if m["source"].startswith("onnx==")
]


def info(name, dtype=FLOAT, shape=None):
    return helper.make_tensor_value_info(name, dtype, shape)


def zeros(name, *shape, dtype=FLOAT):
    return helper.make_tensor(name, dtype, shape, np.zeros(shape).ravel().tolist())


def ints(name, *values):
    return helper.make_tensor(name, INT64, [len(values)], values)


@pytest.fixture
def read(tmp_path: Path):
    """Read a model of some nodes: by default one input x of shape 1x8x16x16 and one output y."""

    def reads(nodes, stored=(), takes=None, gives=("y",), opset=17, functions=(), domains=(), **arguments):
        graph = helper.make_graph(nodes, "graph", takes or [info("x", FLOAT, [1, 8, 16, 16])], [info(o) for o in gives], stored)
        opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
        path = tmp_path / "model.onnx"
        path.write_bytes(helper.make_model(graph, opset_imports=opsets, functions=list(functions)).SerializeToString())
        return cm.read(path, **arguments)

    return reads


@pytest.mark.parametrize("model", LIGHT, ids=lambda m: m["id"])
def test_models_that_come_with_onnx(model) -> None:
    """MACs and parameters as counted by running the files: tests/data/onnx_corpus.json."""
    path = PACKAGE / model["path"]
    if not path.exists():
        pytest.skip("this version of onnx does not ship it")
    network = cm.read(path, inputs={name: tuple(shape) for name, shape in model["inputs"].items()})
    total = network.totals
    assert network.macs == sum(model["macs"].values())
    assert (total.trainable, total.trainable + total.norm_statistics, total.all) == (
        model["trainable"],
        model["with_statistics"],
        model["all"],
    )
    assert cm.Network.from_json(network.to_json()) == network
    assert cm.predict(network).total.to_dict()["coverage"] == 1


# -- how a weight is stored: 16 filters of 8 channels, 3x3, are 16*8*9 = 1152 weights; on 16x16 with padding 1: 16*16*1152 MACs


CONV = helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])
CONV_MACS = 16 * 16 * 1152


def test_a_weight_as_initializer(read) -> None:
    network = read([CONV], [zeros("w", 16, 8, 3, 3)])
    assert (network.macs, network.parameters["all"]) == (CONV_MACS, 1152)
    assert network.nodes["y"].layer.kind == "conv2d"
    assert network.nodes["y"].weight_bits == 32


def test_a_weight_that_is_listed_among_the_inputs_too(read) -> None:
    inputs = [info("x", FLOAT, [1, 8, 16, 16]), info("w", FLOAT, [16, 8, 3, 3])]
    network = read([CONV], [zeros("w", 16, 8, 3, 3)], inputs)
    assert [str(ref) for ref in network.inputs] == ["x"]
    assert network.parameters["all"] == 1152


def test_a_weight_as_constant_node(read) -> None:
    node = helper.make_node("Constant", [], ["w"], value=zeros("", 16, 8, 3, 3))
    assert read([node, CONV]).parameters["all"] == 1152


def test_a_weight_made_of_one_number(read) -> None:
    node = helper.make_node("ConstantOfShape", ["shape"], ["w"])
    network = read([node, CONV], [ints("shape", 16, 8, 3, 3)])
    assert (network.macs, network.parameters["all"]) == (CONV_MACS, 1152)


def test_a_shared_weight_counts_once(read) -> None:
    nodes = [helper.make_node("Conv", ["x", "w"], ["a"], pads=[1] * 4), helper.make_node("Conv", ["a", "w"], ["y"], pads=[1] * 4)]
    network = read(nodes, [zeros("w", 8, 8, 3, 3)])
    assert (network.macs, network.parameters["all"]) == (2 * 16 * 16 * 8 * 72, 8 * 72)


def test_a_transposed_weight_is_still_one(read) -> None:
    nodes = [helper.make_node("Transpose", ["w"], ["wt"], perm=[3, 2, 0, 1]), helper.make_node("Conv", ["x", "wt"], ["y"], pads=[1] * 4)]
    network = read(nodes, [zeros("w", 3, 3, 8, 16)])
    assert (network.macs, network.parameters["all"], list(network.nodes)) == (CONV_MACS, 1152, ["x", "y"])


def test_an_integer_weight_keeps_its_width(read) -> None:
    scale = [helper.make_tensor("s", FLOAT, [16], [1.0] * 16), helper.make_tensor("z", TensorProto.INT8, [16], [0] * 16)]
    nodes = [helper.make_node("DequantizeLinear", ["q", "s", "z"], ["w"], axis=0), CONV]
    network = read(nodes, [zeros("q", 16, 8, 3, 3, dtype=TensorProto.INT8), *scale])
    assert (network.nodes["y"].weight_bits, network.parameters["all"]) == (8, 1152)
    assert cm.predict(network).total.weight_bytes == 1152
    assert cm.predict(network, weight_bits=4).total.weight_bytes == 576


def external(location: str):
    tensor = TensorProto(name="w", data_type=FLOAT, dims=[16, 8, 3, 3], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    return tensor


def test_external_data_are_not_opened(read) -> None:
    assert read([CONV], [external("weights.bin")]).parameters["all"] == 1152


@pytest.mark.parametrize("location", ["../weights.bin", "/etc/passwd", "a/../../b", ""])
def test_external_data_outside_the_folder_are_refused(read, location: str) -> None:
    with pytest.raises(cm.errors.ReaderError, match="must lie in the folder of the model"):
        read([CONV], [external(location)])


def test_external_data_behind_a_link_are_refused(read, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    with pytest.raises(cm.errors.ReaderError, match="must lie in the folder of the model"):
        read([CONV], [external("link/passwd")])


# -- shapes


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ({"auto_pad": "SAME_UPPER", "strides": [2, 2]}, (8, 8)),  # ceil(16 / 2)
        ({"auto_pad": "VALID"}, (14, 14)),  # 16 - 3 + 1
        ({"pads": [0, 1, 2, 3]}, (16, 18)),  # 16+0+2-2, 16+1+3-2
        ({"dilations": [2, 3]}, (12, 10)),  # 16 - 4, 16 - 6
        ({"strides": [3, 1]}, (5, 14)),  # floor(13 / 3) + 1
    ],
)
def test_windows(read, attributes, size) -> None:
    network = read([helper.make_node("Conv", ["x", "w"], ["y"], **attributes)], [zeros("w", 4, 8, 3, 3)])
    assert network.shape(network.outputs[0]) == (1, 4, *size)
    assert network.macs == size[0] * size[1] * 4 * 72


def test_groups(read) -> None:
    depthwise = read([helper.make_node("Conv", ["x", "w"], ["y"], group=8)], [zeros("w", 16, 1, 3, 3)])
    grouped = read([helper.make_node("Conv", ["x", "w"], ["y"], group=4)], [zeros("w", 16, 2, 3, 3)])
    assert (depthwise.nodes["y"].layer.kind, depthwise.macs) == ("depthwise_conv2d", 14 * 14 * 16 * 9)
    assert (grouped.nodes["y"].layer.kind, grouped.macs) == ("conv2d", 14 * 14 * 16 * 2 * 9)


def test_ceil_mode(read) -> None:
    network = read([helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)])
    assert network.shape(network.outputs[0]) == (1, 8, 8, 8)  # ceil(13 / 2) + 1


def test_shape_arithmetic_with_symbols(read) -> None:
    """y = reshape(x, (N, C * H * W)) by the operators that exporters write."""
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "first"], ["n"], axis=0),
        helper.make_node("Concat", ["n", "rest"], ["target"], axis=0),
        helper.make_node("Reshape", ["x", "target"], ["y"]),
    ]
    network = read(nodes, [ints("first", 0), ints("rest", -1)], [info("x", FLOAT, ["N", 8, "H", None])])
    n, h = (next(s for s in network.symbols if s.name == name) for name in "NH")
    w = next(s for s in network.symbols if s.name == "x_3")
    assert network.shape(network.outputs[0]) == (n, 8 * h * w)


@pytest.mark.parametrize("cut", [(1, 2**63 - 1, 1), (0, -1, 1), (-1, -(2**63), -1), (0, 2**62, 2), (-4, -2, 1)])
def test_slices_of_open_sizes(read, cut) -> None:
    """x[:, start:end:step] of N columns."""
    node = helper.make_node("Slice", ["x", "start", "end", "axes", "step"], ["y"])
    stored = [ints("start", cut[0]), ints("end", cut[1]), ints("step", cut[2]), ints("axes", 1)]
    network = read([node], stored, [info("x", FLOAT, [1, "N"])])
    for n in (8, 9):
        assert cm.evaluate(network.shape(network.outputs[0])[1], {"N": n}) == len(range(n)[slice(*cut)])


def test_names_of_sizes_are_shared(read) -> None:
    takes = [info("a", FLOAT, ["N", "T"]), info("b", FLOAT, ["N", "T"])]
    add = [helper.make_node("Add", ["a", "b"], ["y"])]
    assert {s.name for s in read(add, takes=takes).symbols} == {"N", "T"}
    assert not read(add, takes=takes).conditions
    network = read(add, takes=takes, inputs={"a": (2, 5)})
    assert network.shape(network.outputs[0]) == (2, 5)


def test_a_node_keeps_its_name(read) -> None:
    nodes = [helper.make_node("Relu", ["x"], ["a"], name="same"), helper.make_node("Relu", ["a"], ["y"], name="same")]
    assert list(read(nodes).nodes) == ["x", "same", "same_2"]


def test_several_outputs(read) -> None:
    nodes = [helper.make_node("Split", ["x"], ["a", "b"], axis=1), helper.make_node("Mul", ["a", "b"], ["y"])]
    network = read(nodes)
    assert [str(ref) for ref in network.nodes["y"].inputs] == ["a", "a:1"]
    assert cm.predict(network)["a"].output_bytes == 4 * 8 * 16 * 16


def test_recurrence(read) -> None:
    """5 steps of 4*6*(3+6) MACs; 4*6*(3+6) weights."""
    node = helper.make_node("LSTM", ["x", "w", "r"], ["y"], hidden_size=6)
    network = read([node], [zeros("w", 1, 24, 3), zeros("r", 1, 24, 6)], [info("x", FLOAT, [5, 1, 3])])
    assert (network.macs, network.parameters["weights"]) == (5 * 216, 216)


@pytest.mark.parametrize("batch", [3, "N"])
def test_a_state_that_starts_at_zero_is_multiplied_at_every_inference(read, batch) -> None:
    """N states of 6, filled with a single number, by 6x24: 144 MACs each, whether N is known or open."""
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Slice", ["shape", "none", "one"], ["batch"]),
        helper.make_node("Concat", ["batch", "six"], ["size"], axis=0),
        helper.make_node("Expand", ["zero", "size"], ["state"]),
        helper.make_node("MatMul", ["state", "r"], ["y"]),
    ]
    stored = [ints("none", 0), ints("one", 1), ints("six", 6), zeros("zero"), zeros("r", 6, 24)]
    network = read(nodes, stored, [info("x", FLOAT, [batch, 4])], ("y",))
    assert (cm.evaluate(network.macs, {"N": 3}), network.totals.weights) == (3 * 144, 144)


def test_a_loop_over_known_steps_beside_an_open_batch(read) -> None:
    """5 steps, taken from the shape of (N, 5, 4), of N rows of 4 by 4x4: 16 MACs a row."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("MatMul", ["row", "w"], ["next"])],
        "body", [info("i", INT64, []), info("go", BOOL, []), info("row")], [info("on", BOOL, []), info("next")],
    )  # fmt: skip
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Slice", ["shape", "one", "two"], ["steps"]),
        helper.make_node("Squeeze", ["steps"], ["trips"]),
        helper.make_node("ReduceSum", ["x", "one"], ["start"], keepdims=0),
        helper.make_node("Loop", ["trips", "", "start"], ["y"], body=body),
    ]
    network = read(nodes, [ints("one", 1), ints("two", 2), zeros("w", 4, 4)], [info("x", FLOAT, ["N", 5, 4])])
    assert (cm.evaluate(network.macs, {"N": 3}), network.assumptions) == (5 * 3 * 16, ())


# -- quantized and fused operators: 1152 weights and 16*16*1152 MACs as above; a dense layer of 32 to 10


INT8, UINT8 = TensorProto.INT8, TensorProto.UINT8
SCALE, ZERO = helper.make_tensor("s", FLOAT, [], [0.1]), helper.make_tensor("z", UINT8, [], [0])
ROW = [info("x", FLOAT, [1, 32])]


def test_quantized_convolution(read) -> None:
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("QLinearConv", ["q", "s", "z", "w", "s", "z", "s", "z", "b"], ["y"], pads=[1] * 4),
    ]
    network = read(nodes, [SCALE, ZERO, zeros("w", 16, 8, 3, 3, dtype=INT8), zeros("b", 16, dtype=TensorProto.INT32)])
    total = network.totals
    assert (network.macs, total.weights, total.biases, total.constants) == (CONV_MACS, 1152, 16, 0)
    prediction = cm.predict(network)
    assert prediction["y"].epilogues == ("requantize",)
    assert (prediction["y"].weight_bytes, prediction["y"].output_bytes) == (1152, 16 * 16 * 16)


@pytest.mark.parametrize(
    ("node", "weight"),
    [
        (helper.make_node("DynamicQuantizeMatMul", ["x", "w", "s", "z", "b"], ["y"], domain="com.microsoft"), INT8),
        (helper.make_node("Gemm", ["x", "w", "b"], ["y"]), FLOAT),
    ],
)
def test_dense_layers(read, node, weight: int) -> None:
    network = read([node], [SCALE, ZERO, zeros("w", 32, 10, dtype=weight), zeros("b", 10)], ROW, domains=["com.microsoft"])
    assert (network.macs, network.totals.weights, network.totals.biases, network.totals.constants) == (320, 320, 10, 0)


def test_integer_product(read) -> None:
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "qs", "qz"]),
        helper.make_node("MatMulInteger", ["q", "w", "qz"], ["i"], name="product"),
        helper.make_node("Cast", ["i"], ["f"], to=FLOAT),
        helper.make_node("Mul", ["f", "qs"], ["y"]),
    ]
    network = read(nodes, [zeros("w", 32, 10, dtype=INT8)], ROW)
    node = network.nodes["product"]
    assert (network.macs, node.layer.kind, node.weight_bits, node.activation_bits) == (320, "dense", 8, 32)


def test_fused_convolution(read) -> None:
    node = helper.make_node("FusedConv", ["x", "w"], ["y"], pads=[1] * 4, activation="Relu", domain="com.microsoft")
    network = read([node], [zeros("w", 16, 8, 3, 3)], domains=["com.microsoft"])
    assert network.macs == CONV_MACS
    assert cm.predict(network)["y"].epilogues == ("relu",)


def test_fused_attention(read) -> None:
    """5 rows of 12 into 3*12: 5*12*36 MACs; 2 heads: scores and sums of 2*5*5*6 each."""
    node = helper.make_node("Attention", ["x", "w", "b"], ["y"], num_heads=2, domain="com.microsoft")
    network = read([node], [zeros("w", 12, 36), zeros("b", 36)], [info("x", FLOAT, [1, 5, 12])], domains=["com.microsoft"])
    assert (network.macs, network.totals.trainable) == (5 * 12 * 36 + 2 * 2 * 5 * 5 * 6, 12 * 36 + 36)
    assert network.shape(network.outputs[0]) == (1, 5, 12)


# -- control flow


def branches():
    small = helper.make_graph([helper.make_node("Relu", ["x"], ["t"])], "then", [], [info("t")])
    large = helper.make_graph([helper.make_node("Conv", ["x", "w"], ["e"], pads=[1] * 4)], "else", [], [info("e")])
    return helper.make_node("If", ["c"], ["y"], name="choice", then_branch=small, else_branch=large)


IF_INPUTS = [info("x", FLOAT, [1, 8, 16, 16]), info("c", BOOL, [])]


@pytest.mark.parametrize(("value", "macs"), [(True, 0), (False, 16 * 16 * 8 * 72)])
def test_a_condition_that_is_given(read, value: bool, macs: int) -> None:
    network = read([branches()], [zeros("w", 8, 8, 3, 3)], IF_INPUTS, values={"c": value})
    assert (network.macs, network.assumptions) == (macs, ())


def test_a_condition_that_is_not_known(read) -> None:
    network = read([branches()], [zeros("w", 8, 8, 3, 3)], IF_INPUTS)
    assert network.macs == 16 * 16 * 8 * 72
    assert network.assumptions == ("If 'choice': its condition is not known; the dearest branch, else_branch, is taken",)
    assert "dearest branch" in cm.predict(network).to_markdown()
    assert cm.Network.from_json(network.to_json()) == network


def test_a_branch_that_does_not_fit_is_not_the_one(read) -> None:
    """7 channels: of the branches the convolution of 8 can't be meant, and nothing of it stays."""
    network = read([branches()], [zeros("w", 8, 8, 3, 3)], [info("x", FLOAT, [1, 7, 16, 16]), info("c", BOOL, [])])
    assert (network.macs, network.parameters["all"]) == (0, 0)
    assert [node.layer.kind for node in network.nodes.values()] == ["input", "input", "relu"]
    (said,) = network.assumptions
    assert said.startswith("If 'choice': its condition is not known; then_branch is taken; else_branch can't be: ")
    twice = helper.make_node("If", ["c"], ["y"], name="choice", then_branch=(large := branches().attribute[0].g), else_branch=large)
    with pytest.raises(cm.errors.ReaderError, match=r"node 'choice' \(If\)"):
        read([twice], [zeros("w", 8, 8, 3, 3)], [info("x", FLOAT, [1, 7, 16, 16]), info("c", BOOL, [])])


def trips(limit: str):
    body = helper.make_graph(
        [helper.make_node("Conv", ["s", "w"], ["s2"], pads=[1] * 4), helper.make_node("Identity", ["go"], ["go2"])], "body",
        [info("i", INT64, []), info("go", BOOL, []), info("s")], [info("go2", BOOL, []), info("s2")],
    )  # fmt: skip
    return helper.make_node("Loop", [limit, "", "x"], ["y"], name="loop", body=body)


def test_a_loop_makes_its_trips(read) -> None:
    network = read([trips("n")], [zeros("w", 8, 8, 3, 3), helper.make_tensor("n", INT64, [], [3])])
    assert (network.macs, network.parameters["weights"]) == (3 * 16 * 16 * 8 * 72, 8 * 72)


def test_a_loop_of_unknown_trips_makes_one(read) -> None:
    inputs = [info("x", FLOAT, [1, 8, 16, 16]), info("n", INT64, [])]
    network = read([trips("n")], [zeros("w", 8, 8, 3, 3)], inputs)
    assert network.macs == 16 * 16 * 8 * 72
    assert network.assumptions == ("Loop 'loop': its number of trips is not known; one is counted",)
    assert read([trips("n")], [zeros("w", 8, 8, 3, 3)], inputs, values={"n": 2}).macs == 2 * 16 * 16 * 8 * 72


def test_a_loop_ends_by_its_condition(read) -> None:
    """while i < 3: three convolutions, without a limit."""
    body = helper.make_graph(
        [
            helper.make_node("Conv", ["s", "w"], ["s2"], pads=[1] * 4),
            helper.make_node("Less", ["i", "two"], ["go2"]),
        ],
        "body", [info("i", INT64, []), info("go", BOOL, []), info("s")], [info("go2", BOOL, []), info("s2")],
    )  # fmt: skip
    node = helper.make_node("Loop", ["", "", "x"], ["y"], body=body)
    network = read([node], [zeros("w", 8, 8, 3, 3), helper.make_tensor("two", INT64, [], [2])])
    assert (network.macs, network.assumptions) == (3 * 16 * 16 * 8 * 72, ())


def test_functions_of_the_file(read) -> None:
    function = helper.make_function(
        "mine", "Twice", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["t"]), helper.make_node("Relu", ["t"], ["b"])],
        [helper.make_opsetid("", 17)],
    )  # fmt: skip
    nodes = [helper.make_node("Twice", ["x"], ["y"], domain="mine", name="call")]
    network = read(nodes, functions=[function], domains=["mine"])
    assert list(network.nodes) == ["x", "call/t", "call/b"]


# -- operators without a rule


CUSTOM_NODE = [helper.make_node("Frobnicate", ["x"], ["y"], name="strange", domain="mine")]


def test_an_unknown_operator_is_refused(read) -> None:
    with pytest.raises(cm.errors.UnknownLayerError, match=r"unknown ONNX operator 'Frobnicate'.*'mine'.*'strange'"):
        read(CUSTOM_NODE, domains=["mine"])


def test_an_unknown_operator_is_counted(read) -> None:
    network = read([*CUSTOM_NODE, helper.make_node("Relu", ["y"], ["z"])], gives=["z"], domains=["mine"], unknown="count")
    prediction = cm.predict(network)
    assert prediction.total.coverage == 0.5
    assert "totals are lower bounds" in prediction.assumptions["coverage"]


def test_a_rule_of_the_user(read) -> None:
    @cm.readers.register("Frobnicate", domain="mine")
    def frobnicate(op):
        return op.emit(cm.layers.Sigmoid(), op[0])

    try:
        assert read(CUSTOM_NODE, domains=["mine"]).nodes["strange"].layer == cm.layers.Sigmoid()
    finally:
        CUSTOM.clear()


# -- dynamic dimensions


def mobilenet(path: Path) -> Path:
    """Separable blocks with batch norms and ReLU6, N, H and W left open."""
    nodes, stored, x, channels = [], [], "x", 3

    def conv(out, kernel, stride, group=1):
        nonlocal x, channels
        name = f"conv{len(nodes)}"
        stored.append(zeros(name + "_w", out, channels // group, kernel, kernel))
        stored.extend(zeros(f"{name}_{p}", out) for p in "sbmv")
        pads = [kernel // 2] * 4
        nodes.append(helper.make_node("Conv", [x, name + "_w"], [name], pads=pads, strides=[stride] * 2, group=group))
        nodes.append(helper.make_node("BatchNormalization", [name, *(f"{name}_{p}" for p in "sbmv")], [name + "_n"]))
        nodes.append(helper.make_node("Clip", [name + "_n", "zero", "six"], [name + "_r"]))
        x, channels = name + "_r", out

    stored += [helper.make_tensor("zero", FLOAT, [], [0.0]), helper.make_tensor("six", FLOAT, [], [6.0]), zeros("fc", 64, 10)]
    conv(16, 3, 2)
    for out, stride in ((32, 1), (64, 2), (64, 2)):
        conv(channels, 3, stride, group=channels)
        conv(out, 1, 1)
    nodes.append(helper.make_node("GlobalAveragePool", [x], ["pool"]))
    nodes.append(helper.make_node("Flatten", ["pool"], ["flat"]))
    nodes.append(helper.make_node("MatMul", ["flat", "fc"], ["y"]))
    graph = helper.make_graph(nodes, "mobilenet", [info("x", FLOAT, ["N", 3, "H", "W"])], [info("y")], stored)
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString())
    return path


def test_dynamic_dimensions(tmp_path: Path) -> None:
    path = mobilenet(tmp_path / "mobilenet.onnx")
    open_network = cm.read(path)
    peak = cm.predict(open_network).total.peak_live_bytes
    for n, h, w in ((1, 32, 32), (2, 64, 96), (3, 33, 47)):
        concrete = cm.read(path, inputs={"x": (n, 3, h, w)})
        sizes = {"N": n, "H": h, "W": w}
        assert cm.evaluate(open_network.macs, sizes) == concrete.macs
        assert cm.evaluate(peak, sizes) == cm.predict(concrete).total.peak_live_bytes
    renamed = cm.read(path, inputs={"x": (1, 3, "R", "R")})
    assert cm.evaluate(renamed.macs, {"R": 64}) == cm.read(path, inputs={"x": (1, 3, 64, 64)}).macs


# -- what is refused


@pytest.mark.parametrize(
    ("nodes", "stored", "message"),
    [
        ([helper.make_node("Relu", ["nowhere"], ["y"])], [], "reads 'nowhere', which nothing before it gives"),
        ([helper.make_node("Relu", ["b"], ["y"]), helper.make_node("Relu", ["y"], ["b"])], [], "the graph has a cycle"),
        ([CONV], [zeros("w", 16, 7, 3, 3)], "input channels (=8) must be the groups (=1) times the weights' 7"),
        ([CONV], [TensorProto(name="w", data_type=FLOAT, dims=[16, -8, 3, 3])], "has a negative size"),
        ([CONV], [TensorProto(name="w", data_type=FLOAT, dims=[2**40, 2**40, 3, 3])], "are taken to be meant"),
        ([CONV], [TensorProto(name="w", data_type=FLOAT, dims=[16, 8, 3, 3], raw_data=b"12")], "is larger than the whole file"),
        ([helper.make_node("Reshape", ["x", "s"], ["y"])], [ints("s", 3, 3)], "must hold the 2048 elements"),
        ([helper.make_node("Reshape", ["x", "s"], ["y"])], [ints("s", -2, 3)], "at most one -1"),
        ([helper.make_node("Concat", ["x", "x"], ["y"], axis=7)], [], "`axis` (=7) must be within the 4 axes"),
    ],
)
def test_bad_graphs_are_refused(read, nodes, stored, message: str) -> None:
    with pytest.raises(cm.errors.ReaderError) as error:
        read(nodes, stored)
    assert message in str(error.value)
    assert "model.onnx" in str(error.value)


@pytest.mark.parametrize("content", [b"", b"\x08", b"not a model", b"\x00" * 100])
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    with pytest.raises(cm.errors.ReaderError, match=r"bad\.onnx"):
        cm.read(path)


def test_arguments_are_checked(read, tmp_path: Path) -> None:
    relu = [helper.make_node("Relu", ["x"], ["y"])]
    for arguments, message in (
        ({"inputs": {"z": (1,)}}, "unknown input of the file 'z'"),
        ({"inputs": {"x": (1, 8)}}, "must have 4 sizes"),
        ({"inputs": {"x": (1, 8, -1, 2.5)}}, "must hold integers of at least 0, symbols or their names"),
        ({"inputs": {"x": 3}}, "must be a tuple of sizes"),
        ({"values": {"z": 3}}, "unknown tensor of the file 'z'"),
        ({"unknown": "ignore"}, "unknown choice of `unknown`"),
    ):
        with pytest.raises(cm.CostModelError) as error:
            read(relu, **arguments)
        assert message in str(error.value)
    with pytest.raises(cm.errors.ReaderError, match="is a pickle"):
        cm.read(tmp_path / "model.pt")
    with pytest.raises(cm.errors.ReaderError, match="there is no file"):
        cm.read(tmp_path / "missing.onnx")
    with pytest.raises(cm.errors.UnknownNameError, match="unknown model format"):
        cm.read(tmp_path / "model.xyz")


def test_a_missing_package_says_how_to_get_it(read, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(cm.errors.MissingExtraError, match=r"pip install 'costmodel\[onnx\]'"):
        cm.read(PACKAGE / LIGHT[0]["path"])


def test_a_rule_that_fails_names_its_node(read) -> None:
    @cm.readers.register("Frobnicate", domain="mine")
    def frobnicate(op):
        return 1 / 0

    try:
        with pytest.raises(cm.errors.ReaderError, match=r"ZeroDivisionError.*node 'strange' \(Frobnicate\).*model\.onnx"):
            read(CUSTOM_NODE, domains=["mine"])
    finally:
        CUSTOM.clear()


def test_nesting_has_a_limit(read) -> None:
    inner = helper.make_graph([helper.make_node("Relu", ["x"], ["t"])], "inner", [], [info("t")])
    for _ in range(30):
        inner = helper.make_graph([helper.make_node("If", ["c"], ["t"], then_branch=inner, else_branch=inner)], "outer", [], [info("t")])
        if inner.ByteSize() > 100_000:
            break
    node = helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)
    assert read([node], takes=IF_INPUTS).macs == 0


def test_sizes_that_grow_beyond_measure(read) -> None:
    doubling = [helper.make_node("Concat", [f"c{i}"] * 2, [f"c{i + 1}"], axis=0) for i in range(100)]
    with pytest.raises(cm.errors.ReaderError, match="numbers; node 'c"):
        read([helper.make_node("Relu", ["x"], ["c0"]), *doubling], gives=["c100"])


def test_formulas_that_grow_beyond_measure(read) -> None:
    """s -> s * s + s, a thousand times: what is not known any more is not needed either."""
    nodes = [helper.make_node("Shape", ["x"], ["s0"])]
    for i in range(1000):
        nodes += [helper.make_node("Mul", [f"s{i}"] * 2, [f"t{i}"]), helper.make_node("Add", [f"t{i}", f"s{i}"], [f"s{i + 1}"])]
    assert read([*nodes, helper.make_node("Relu", ["x"], ["y"])], takes=[info("x", FLOAT, ["N", "M"])]).macs == 0


def test_functions_that_call_themselves(read) -> None:
    call = helper.make_node("Again", ["a"], ["b"], domain="mine")
    function = helper.make_function("mine", "Again", ["a"], ["b"], [call], [helper.make_opsetid("mine", 1)])
    with pytest.raises(cm.errors.ReaderError, match="function 'Again' of domain 'mine' calls itself") as error:
        read([helper.make_node("Again", ["x"], ["y"], domain="mine")], functions=[function], domains=["mine"])
    assert str(error.value).count("calls itself") == 1
    assert str(error.value).count("(Again)") == 2  # the call inside, and the one outside


def test_the_reader_imports_no_inference_of_others() -> None:
    code = (
        f"import sys, costmodel as cm; cm.read({str(PACKAGE / LIGHT[0]['path'])!r}); "
        "print([m for m in ('onnx.reference', 'onnxruntime') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


# -- the shell


def shell(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "costmodel", *words], capture_output=True, text=True, check=False)


def test_the_shell_takes_a_file(tmp_path: Path) -> None:
    path = mobilenet(tmp_path / "mobilenet.onnx")
    found = shell("predict", str(path), "--input", "x=1,3,64,64", "--format", "json")
    assert found.returncode == 0, found.stderr
    document = json.loads(found.stdout)
    assert document["totals"]["macs"] == cm.read(path, inputs={"x": (1, 3, 64, 64)}).macs
    assert document["layers"][0].keys() == cm.predict("mobilenet_cifar")[0].to_dict().keys()
    assert document["assumptions"]["weight_bits"] == 32


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["missing.onnx"], "there is no file 'missing.onnx'"),
        (["./model.pth"], "is a pickle"),
        (["mobilenet_v1", "--input", "x=1"], "go with a model file"),
        (["missing.onnx", "--input", "x"], "must have a name and a value, e.g. x=1,3,224,224"),
        (["missing.onnx", "--value", "sr=fast"], "must be a number, true or false"),
        (["missing.onnx", "--unknown", "maybe"], "unknown choice of `unknown` 'maybe'"),
    ],
)
def test_bad_words_end_without_traceback(words: list[str], message: str) -> None:
    found = shell("predict", *words)
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith("costmodel: ")
    assert message in found.stderr
    assert "Traceback" not in found.stderr


# -- sizes as texts


RELU = [helper.make_node("Relu", ["x"], ["y"])]


def declared(read, *dims, **arguments) -> tuple[str, ...]:
    """The sizes of an input x that the file declares so, as texts."""
    network = read(RELU, takes=[info("x", FLOAT, list(dims))], **arguments)
    return tuple(str(size) for size in network.shape(network.outputs[0]))


def test_sizes_are_renamed_at_once(read) -> None:
    assert declared(read, "N", 3, "H", "W", inputs={"x": ("N", 3, "W", "H")}) == ("N", "3", "W", "H")
    assert declared(read, "A", "B", "C", inputs={"x": ("B", "C", "A")}) == ("B", "C", "A")
    assert declared(read, "H", "H", inputs={"x": (None, "R")}) == ("R", "R")


def test_a_renamed_size_is_renamed_in_every_input(read) -> None:
    takes = [info("a", FLOAT, ["N", 4]), info("b", FLOAT, ["N", 4])]
    for name in ("a", "b"):
        network = read([helper.make_node("Add", ["a", "b"], ["y"])], takes=takes, inputs={name: ("M", None)})
        assert str(network.shape(network.outputs[0])) == "(M, 4)"


def test_sizes_of_the_file_that_are_arithmetic(read) -> None:
    """What is said of a name goes for the sizes made of it, before it and after it: 2*4 and 4 + 1 - 2."""
    assert declared(read, "2*H", "H", "P + 1", "H + 1 - 2") == ("2*H", "H", "P + 1", "H - 1")
    assert declared(read, "2*H", "H", "P + 1", "H + 1 - 2", inputs={"x": (None, 4, "Q", None)}) == ("8", "4", "Q", "3")
    assert declared(read, "batch-size", "a.b:c/d", "_n1") == ("batch-size", "a.b:c/d", "_n1")


@pytest.mark.parametrize(
    "text", ["1x", "a b", '__import__("os")', "H**9", "H/2.5 + 1", "floor(H/2)", "-3", "lambda + 1", "(" * 150, "9" * 5000]
)
def test_sizes_of_the_file_that_are_neither_get_a_name(read, text: str) -> None:
    assert declared(read, text, text, "N") == ("x_0", "x_0", "N")


@pytest.mark.parametrize("size", ["1e3", "2.5", "1x", "a b", '__import__("os")', "H/2 + 1", "", "-3", "N**2", "9" * 5000])
def test_sizes_of_the_caller_are_names_or_arithmetic(read, size: str) -> None:
    with pytest.raises(cm.errors.ArgumentError, match="must hold integers of at least 0, symbols or their names"):
        declared(read, "N", inputs={"x": (size,)})


def test_arithmetic_of_the_caller(read) -> None:
    assert declared(read, "N", "M", inputs={"x": ("2*K + 1", "4*3")}) == ("2*K + 1", "12")


def test_the_shell_refuses_a_number_that_is_no_size(tmp_path: Path) -> None:
    found = shell("predict", str(mobilenet(tmp_path / "mobilenet.onnx")), "--input", "x=1,3,1e3,224")
    assert (found.returncode, found.stdout) == (2, "")
    assert "must hold integers of at least 0, symbols or their names" in found.stderr
    assert "got '1e3'" in found.stderr


def test_a_negative_size_of_an_input_is_refused(read) -> None:
    """-1 is what converters write for an open size; -5 is none."""
    assert declared(read, -1, 4) == ("x_0", "4")
    with pytest.raises(cm.errors.ReaderError, match=r"input 'x' has a negative size in its shape \(-5, 4\)"):
        declared(read, -5, 4)


# -- what is stored says the sizes that it meets


def conditions(network) -> dict[str, str]:
    return {str(condition): message for condition, message in network.conditions}


def test_weights_say_the_channels(read) -> None:
    """4 filters of 8 channels, 3x3, on NxCxHxW: each of N*4*(H-2)*(W-2) outputs takes 8*9 MACs, where C is 8."""
    network = read([helper.make_node("Conv", ["x", "w"], ["y"])], [zeros("w", 4, 8, 3, 3)], [info("x", FLOAT, ["N", "C", "H", "W"])])
    assert cm.evaluate(network.macs, {"N": 2, "H": 5, "W": 7}) == 2 * 4 * 3 * 5 * 8 * 9
    assert "input channels (=C) must be the groups (=1) times the weights' 8" in conditions(network)["Eq(C, 8)"]
    assert "Eq(C, 8)" in cm.predict(network).assumptions["conditions"]
    depthwise = read(
        [helper.make_node("Conv", ["x", "w"], ["y"], group=8)], [zeros("w", 8, 1, 3, 3)], [info("x", FLOAT, [1, "C", 5, 5])]
    )  # fmt: skip
    assert (depthwise.nodes["y"].layer.kind, depthwise.macs, list(conditions(depthwise))) == ("depthwise_conv2d", 9 * 8 * 9, ["Eq(C, 8)"])


def test_weights_say_the_channels_of_a_transposed_convolution(read) -> None:
    """8 channels of 5x5, each into 4 channels of 3x3: 25*8*4*9 MACs."""
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"])
    network = read([node], [zeros("w", 8, 4, 3, 3)], [info("x", FLOAT, [1, "C", 5, 5])])
    assert (network.macs, list(conditions(network))) == (25 * 8 * 4 * 9, ["Eq(C, 8)"])


@pytest.mark.parametrize("kind", ["MatMul", "Gemm"])
def test_weights_say_the_columns(read, kind: str) -> None:
    """N rows of 4 by 4x5: 20 MACs a row."""
    network = read([helper.make_node(kind, ["x", "w"], ["y"])], [zeros("w", 4, 5)], [info("x", FLOAT, ["N", "K"])])
    assert (str(network.macs), list(conditions(network))) == ("20*N", ["Eq(K, 4)"])
    with pytest.raises(cm.errors.ReaderError, match="columns of the first matrix must be rows of the second"):
        read([helper.make_node(kind, ["x", "w"], ["y"])], [zeros("w", 4, 5)], [info("x", FLOAT, ["N", 3])])


def test_clips_at_a_size(read) -> None:
    """B lengths clipped at W take a step each; 3 clipped at W is a size, 2 where W is 2."""
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "last"], ["W"]),
        helper.make_node("Clip", ["lengths", "", "W"], ["short"]),
        helper.make_node("Clip", ["three", "", "W"], ["size"]),
        helper.make_node("ConstantOfShape", ["size"], ["zeros"]),
    ]
    network = read(
        nodes, [ints("last", 1), ints("three", 3)], [info("x", FLOAT, [4, "W"]), info("lengths", INT64, ["B"])], ("short", "zeros")
    )
    assert cm.evaluate(network.totals.other[0][1], {"B": 5}) == 5
    assert [cm.evaluate(network.shape(network.outputs[1])[0], {"W": width}) for width in (2, 3, 4)] == [2, 3, 3]


def test_the_weights_of_a_recurrence_say_its_features(read) -> None:
    """T steps of 4 gates of 6 from 5 features and 6 states: 4 * 6 * 11 MACs a step."""
    node = helper.make_node("LSTM", ["x", "w", "r"], ["y"], hidden_size=6)
    weights = [zeros("w", 1, 24, 5), zeros("r", 1, 24, 6)]
    network = read([node], weights, [info("x", FLOAT, ["T", 1, "F"])])
    assert (str(network.macs), list(conditions(network))) == ("264*T", ["Eq(F, 5)"])
    with pytest.raises(cm.errors.ReaderError, match="don't fit a sequence of shape"):
        read([node], weights, [info("x", FLOAT, ["T", 1, 7])])


def test_a_batch_norm_says_the_channels(read) -> None:
    node = helper.make_node("BatchNormalization", ["x", *"sbmv"], ["y"])
    network = read([node], [zeros(p, 8) for p in "sbmv"], [info("x", FLOAT, [1, "C", 5, 5])])
    assert (network.shape(network.outputs[0]), list(conditions(network))) == ((1, 8, 5, 5), ["Eq(C, 8)"])
    with pytest.raises(cm.errors.ReaderError, match=r"input channels \(=8\) must be the 7 numbers"):
        read([node], [zeros(p, 7) for p in "sbmv"])


# -- what is a parameter


@pytest.mark.parametrize("kind", ["Resize", "Upsample"])
def test_stored_scales_of_a_resize_are_constants(read, kind: str) -> None:
    scales = helper.make_tensor("scales", FLOAT, [4], [1.0, 1.0, 2.0, 2.0])
    names = ["x", "", "scales"] if kind == "Resize" else ["x", "scales"]
    network = read([helper.make_node(kind, names, ["y"])], [scales], opset=17 if kind == "Resize" else 9)
    assert network.shape(network.outputs[0]) == (1, 8, 32, 32)
    assert (network.totals.constants, network.totals.trainable) == (4, 0)


@pytest.mark.parametrize("shape", [(6,), (1, 6), (4, 1), (4, 6), (1, 1), (1,), ()])
def test_what_a_gemm_adds_is_a_bias(read, shape) -> None:
    """4 rows of 5 by 5x6: 30 weights, and the numbers that are added, whatever they broadcast from."""
    network = read([helper.make_node("Gemm", ["x", "w", "c"], ["y"])], [zeros("w", 5, 6), zeros("c", *shape)], [info("x", FLOAT, [4, 5])])
    assert (network.macs, network.totals.biases) == (4 * 5 * 6, int(np.prod(shape)))
    assert (network.parameters["trainable"], network.parameters["all"]) == (30 + int(np.prod(shape)),) * 2
    assert network.shape(network.outputs[0]) == (4, 6)


# -- attributes that are wrong


@pytest.mark.parametrize("kind", ["Conv", "ConvTranspose"])
def test_attributes_of_a_window_are_checked(read, kind: str) -> None:
    for attributes, message in (
        ({"auto_pad": "SAMEISH"}, "`auto_pad` (='SAMEISH') must be one of NOTSET, SAME_UPPER, SAME_LOWER, VALID"),
        ({"kernel_shape": [5, 5]}, "`kernel_shape` (=(5, 5)) must be that of the weights, which have the shape (8, 8, 3, 3)"),
        ({"kernel_shape": [3]}, "`kernel_shape` (=(3,)) must be that of the weights"),
    ):
        with pytest.raises(cm.errors.ReaderError) as error:
            read([helper.make_node(kind, ["x", "w"], ["y"], **attributes)], [zeros("w", 8, 8, 3, 3)])
        assert message in str(error.value)


# -- tensors that are given twice


TWICE = {
    "two nodes": ([*RELU, helper.make_node("Sigmoid", ["x"], ["y"])], []),
    "one node": ([helper.make_node("MaxPool", ["x"], ["y", "y"], kernel_shape=[2, 2])], []),
    "a node and an input": ([helper.make_node("Relu", ["x"], ["x"]), helper.make_node("Relu", ["x"], ["y"])], []),
    "a node and a stored tensor": ([helper.make_node("Relu", ["x"], ["w"]), CONV], [zeros("w", 16, 8, 3, 3)]),
    "two stored tensors": ([CONV], [zeros("w", 16, 8, 3, 3), zeros("w", 4, 8, 3, 3)]),
}


@pytest.mark.parametrize("case", TWICE)
def test_a_tensor_must_be_given_once(read, case: str) -> None:
    with pytest.raises(cm.errors.ReaderError, match=r"gives '[xyw]', which the graph has already; each of its tensors"):
        read(*TWICE[case])


def test_an_input_must_be_given_once(read) -> None:
    with pytest.raises(cm.errors.ReaderError, match="which the graph has already"):
        read(RELU, takes=[info("x", FLOAT, [1, 8]), info("x", FLOAT, [1, 9])])


# -- operators that are counted without a rule


@pytest.mark.parametrize(
    ("shape", "found", "assumed"),
    [([1, 4, 9], "(1, 4, 9)", False), (["N", 4, "2*N"], "(N, 4, 2*N)", False), (None, "(N, 8)", True), ([None, 4], "(N, 8)", True)],
)
def test_outputs_of_unknown_operators(tmp_path: Path, shape, found: str, assumed: bool) -> None:
    """Their shapes are those that the file declares, else that of an input, which is said."""
    nodes = [helper.make_node("Frobnicate", ["x"], ["t"], name="strange", domain="mine"), helper.make_node("Relu", ["t"], ["y"])]
    graph = helper.make_graph(nodes, "g", [info("x", FLOAT, ["N", 8])], [info("y")], value_info=[info("t", FLOAT, shape)])
    path = tmp_path / "model.onnx"
    path.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]).SerializeToString()
    )
    network = cm.read(path, unknown="count")
    assert str(network.shape(network.outputs[0])) == found
    said = "Frobnicate 'strange': the file doesn't say the shape of its output 't'; its input's is taken, Nx8"
    assert network.assumptions == ((said,) if assumed else ())


def test_a_loop_that_cannot_be_counted_says_why(read) -> None:
    """What it collects has as many rows as it makes trips; nothing says how many."""
    body = helper.make_graph(
        [helper.make_node("Cast", ["i"], ["f"], to=FLOAT), helper.make_node("Identity", ["go"], ["go2"])], "body",
        [info("i", INT64, []), info("go", BOOL, [])], [info("go2", BOOL, []), info("f")],
    )  # fmt: skip
    loops = [helper.make_node("Loop", ["n", ""], ["y"], name="loop", body=body)]
    network = read(loops, takes=[info("n", INT64, [])], unknown="count")
    assert network.assumptions == ("Loop 'loop': the file doesn't say the shape of its output 'y'; its input's is taken, a single number",)
    hidden = [helper.make_node("Cast", ["half"], ["n"], to=INT64), helper.make_node("Loop", ["n", ""], ["y"], name="loop", body=body)]
    half = external("weights.bin")
    half.name, half.dims[:] = "half", []
    with pytest.raises(cm.errors.UnknownLayerError, match="depends on its number of trips, which is not known") as error:
        read(hidden, [half], unknown="count")
    assert "the file declares no shape of its output 'y'" in str(error.value)
    assert "unknown ONNX operator" not in str(error.value)
    assert "unknown='count'" not in str(error.value)


# -- external data


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("offset", "-5", "the offset of its external data (='-5') must be an integer of at least 0"),
        ("offset", "abc", "the offset of its external data (='abc') must be an integer of at least 0"),
        ("length", "1.5", "the length of its external data (='1.5') must be an integer of at least 0"),
        ("length", "10", "must be 4608 bytes, as its shape (16, 8, 3, 3) and format say"),  # 1152 floats of 4 bytes
        ("length", "9" * 9000, "must be 4608 bytes"),
    ],
)
def test_the_extent_of_external_data_is_checked(read, key: str, value: str, message: str) -> None:
    tensor = external("weights.bin")
    tensor.external_data.add(key=key, value=value)
    with pytest.raises(cm.errors.ReaderError) as error:
        read([CONV], [tensor])
    assert message in str(error.value)


def test_external_data_of_the_right_length(read) -> None:
    tensor = external("weights.bin")
    for key, value in (("offset", "4096"), ("length", "4608")):
        tensor.external_data.add(key=key, value=value)
    assert read([CONV], [tensor]).parameters["all"] == 1152


# -- arithmetic on shapes


@pytest.mark.parametrize("kind", ["Div", "Mod"])
@pytest.mark.parametrize("takes", [[1, 8, 16, 16], ["N", 8, "H", "W"]])
def test_an_integer_divided_by_zero_is_refused(read, kind: str, takes) -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node(kind, ["s", "zero"], ["k"], name="ratio"),
        helper.make_node("Reshape", ["x", "k"], ["y"]),
    ]
    with pytest.raises(cm.CostModelError, match=r"divides an integer by 0; node 'ratio'"):
        read(nodes, [ints("zero", 0, 0, 0, 0)], [info("x", FLOAT, takes)])


def test_json_in_the_shell_says_how_to_give_sizes(tmp_path: Path) -> None:
    """And memory and traffic, which need numbers in any format."""
    path = str(mobilenet(tmp_path / "mobilenet.onnx"))
    for words in (["predict", path, "-f", "json"], ["compare", path, "-f", "json"], ["memory", path], ["traffic", path]):
        found = shell(*words)
        assert (found.returncode, found.stdout) == (2, "")
        assert 'give --input "x=1,3,H,W" with numbers for H, W' in found.stderr
