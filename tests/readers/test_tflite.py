"""TFLite files: shapes and costs of every operator, what is stored, control flow, state, and files that lie."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
import tflite
from tflite_cases import CASES, CASES_BY_NAME, SAME, Case, conv_options
from tflite_files import Graph, file_of
from tflite_flow import branching, looping, one, stateful

import costmodel as cm
from costmodel.errors import CostModelError, ReaderError, UnknownLayerError
from costmodel.readers.tflite._schema import ACTIVATIONS, DTYPES, OPERATORS, OPTIONS


def read(folder: Path, data: bytes | Graph, **said) -> cm.Network:
    path = folder / "model.tflite"
    path.write_bytes(file_of(data) if isinstance(data, Graph) else data)
    return cm.read(path, **said)


def shapes(net: cm.Network) -> list[tuple[object, ...]]:
    return [net.shape(ref) for ref in net.outputs]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_shapes_of_operators(case: Case, tmp_path: Path) -> None:
    net = read(tmp_path, case.data)
    assert shapes(net) == case.shapes
    assert net.coverage == 1


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_json_round_trip(case: Case, tmp_path: Path) -> None:
    net = read(tmp_path, case.data)
    assert cm.Network.from_json(net.to_json()) == net


def test_the_schema_is_that_of_the_tflite_package() -> None:
    numbers = {name: number for name, number in vars(tflite.BuiltinOperator).items() if name.isupper()}
    assert {name: OPERATORS.index(name) for name in numbers} == numbers
    types = {n: k.lower() for k, n in vars(tflite.TensorType).items() if k.isupper()}
    assert all(DTYPES[number] == name for number, name in types.items())
    assert list(ACTIVATIONS) == [
        name for name, _ in sorted(vars(tflite.ActivationFunctionType).items(), key=lambda i: str(i[1])) if name.isupper()
    ]
    assert OPTIONS.keys() <= set(OPERATORS)


# MACs and parameters, by hand: MACs, weights, biases, constants
COSTS = {
    "conv same": (2 * 5 * 7 * 4 * 27, 4 * 27, 4, 0),
    "conv valid dilated": (3 * 3 * 4 * 27, 4 * 27, 4, 0),
    "conv grouped": (8 * 8 * 6 * 9 * 2, 6 * 9 * 2, 6, 0),  # each output reads 4/2 channels
    "depthwise": (4 * 4 * 6 * 9, 9 * 6, 6, 0),
    "transposed valid": (4 * 4 * 5 * 9 * 2, 9 * 5 * 2, 0, 0),  # every input meets every tap
    "transposed same odd": (4 * 4 * 5 * 9 * 2, 9 * 5 * 2, 0, 0),
    "conv 3d": (3 * 4 * 4 * 2 * 9 * 4, 9 * 4 * 2, 0, 0),
    "dense": (6 * 4 * 5, 20, 5, 0),
    "dense keeps axes": (6 * 4 * 5, 20, 0, 0),
    "dense of computed weights": (2 * 4 * 5, 0, 0, 0),
    "matmul": (2 * 3 * 4 * 5, 0, 0, 0),
    "matmul exchanged": (2 * 3 * 4 * 5, 0, 0, 0),
    "prelu": (0, 3, 0, 0),
    "embedding": (0, 80, 0, 0),
    "gather rows": (0, 80, 0, 0),
    "lstm": (2 * 5 * 4 * 4 * (3 + 4), 4 * 4 * (3 + 4), 16, 0),
    "lstm projected": (2 * 5 * (4 * 4 * (3 + 3) + 4 * 3), 4 * 4 * (3 + 3) + 4 * 3, 16, 0),
    "lstm with coupled gates": (2 * 5 * 3 * 4 * (3 + 4), 3 * 4 * (3 + 4), 12, 0),
    "rnn": (2 * 5 * 4 * (3 + 4), 4 * (3 + 4), 4, 0),
    "rnn cell": (2 * 4 * (3 + 4), 4 * (3 + 4), 4, 0),
    "svdf": (2 * 8 * (3 + 6), 8 * (3 + 6), 4, 0),
    "shape arithmetic": (0, 0, 0, 0),
    "pad v2": (0, 0, 0, 0),
}


@pytest.mark.parametrize("name", COSTS)
def test_costs_of_operators(name: str, tmp_path: Path) -> None:
    counts = read(tmp_path, CASES_BY_NAME[name].data).totals
    assert (counts.macs, counts.weights, counts.biases, counts.constants) == COSTS[name]


def test_other_operations(tmp_path: Path) -> None:
    def other(name: str) -> dict[str, int]:
        return dict(read(tmp_path, CASES_BY_NAME[name].data).totals.other)

    assert other("max pool") == {"compare": 4 * 3 * 3 * 3}  # 2*2 - 1 compares an output
    assert other("average pool") == {"average": 4 * 4 * 3 * 9}
    assert other("resize bilinear") == {"interpolate": 8 * 6 * 3 * 4}
    assert other("add") == {"add": 24, "relu": 24}
    assert other("sum") == {"add": 120}


def conv(g: Graph, activation: int = 0, **weights) -> int:
    filters = g.weights(4, 3, 3, 3, **weights)
    return g.op(
        "CONV_2D", g.input(1, 8, 8, 3, name="x"), filters, g.weights(4), options=conv_options(SAME, activation=activation), name="y"
    )


def test_a_fused_activation_rides_on_its_layer(tmp_path: Path) -> None:
    g = Graph()
    net = read(tmp_path, g.returns(conv(g, activation=3)))
    assert [node.layer.kind for node in net.nodes.values()] == ["input", "conv2d", "relu6"]
    row = cm.predict(net)["y"]
    assert row.epilogues == ("relu6",)
    assert row.input_shapes == ((1, 8, 8, 3),)
    assert row.other_ops == 8 * 8 * 4 * (1 + 2)  # a bias, two compares


def test_integers_keep_their_width_and_are_scaled_back(tmp_path: Path) -> None:
    g = Graph()
    x = g.input(1, 8, 8, 3, dtype="int8", quantized=True)
    filters, bias = g.weights(4, 3, 3, 3, dtype="int8", quantized=True), g.weights(4, dtype="int32", quantized=True)
    y = g.op("CONV_2D", x, filters, bias, options=conv_options(activation=1), dtype="int8", quantized=True, name="y")
    z = g.op("ADD", y, g.tensor((4,), "int8", data=[1, 2, 3, 4], quantized=True), options=("AddOptions", {}), dtype="int8", quantized=True)
    net = read(tmp_path, g.returns(z))
    assert [node.layer.kind for node in net.nodes.values()] == ["input", "conv2d", "requantize", "relu", "add"]
    row = cm.predict(net)["y"]
    assert (row.weight_bytes, row.output_bytes) == (4 * 27, 8 * 8 * 4)
    assert net.totals.parameters() == {"weights": 108, "biases": 4, "norm_affine": 0, "norm_statistics": 0, "constants": 4}


def test_hybrid_weights_of_8_bits_and_activations_of_32(tmp_path: Path) -> None:
    g = Graph()
    row = cm.predict(read(tmp_path, g.returns(conv(g, dtype="int8", quantized=True))))["y"]
    assert (row.weight_bytes, row.output_bytes) == (4 * 27, 8 * 8 * 4 * 4)


def test_weights_behind_dequantize_keep_16_bits_and_are_no_step(tmp_path: Path) -> None:
    g = Graph()
    x = g.input(1, 8, 8, 3)
    filters = g.op("DEQUANTIZE", g.weights(4, 3, 3, 3, dtype="float16"))
    y = g.op("CONV_2D", x, filters, g.op("DEQUANTIZE", g.weights(4, dtype="float16")), options=conv_options(), name="y")
    net = read(tmp_path, g.returns(y))
    assert list(net.nodes) == ["t0", "y"]
    assert net.nodes["y"].weight_bits == 16
    assert net.totals.weights == 108
    assert net.totals.biases == 4
    assert cm.predict(net)["y"].weight_bytes == 108 * 2


def test_sparse_weights_count_all_their_elements(tmp_path: Path) -> None:
    g = Graph()
    x = g.input(1, 8, 8, 3)
    sparse = g.tensor((4, 3, 3, 3), "float16", sparse=True, stored=b"\0" * 20)  # 10 numbers are not 0
    filters = g.op("DEQUANTIZE", g.op("DENSIFY", sparse, dtype="float16"))
    net = read(tmp_path, g.returns(g.op("CONV_2D", x, filters, -1, options=conv_options())))
    assert net.totals.weights == 108
    assert net.coverage == 1


def test_a_tensor_that_two_layers_share_counts_once(tmp_path: Path) -> None:
    g = Graph()
    x, w = g.input(1, 8, 8, 3), g.weights(3, 3, 3, 3)
    y = g.op("CONV_2D", x, w, -1, options=conv_options())
    net = read(tmp_path, g.returns(g.op("CONV_2D", y, w, -1, options=conv_options())))
    assert net.totals.weights == 81
    assert net.totals.macs == 2 * 64 * 3 * 27


def test_open_sizes_are_symbols_unless_given(tmp_path: Path) -> None:
    g = Graph()
    x = g.input(1, 4, 4, 3, signature=(-1, -1, -1, 3), name="x")
    y = g.op("CONV_2D", x, g.weights(4, 3, 3, 3), -1, options=conv_options(stride=(2, 2)))
    data = file_of(g.returns(y))
    net = read(tmp_path, data)
    assert {str(s) for s in net.symbols} == {"x_0", "x_1", "x_2"}
    symbolic = read(tmp_path, data, inputs={"x": (1, "H", "W", None)})
    height, width = sorted(symbolic.symbols, key=str)
    for sizes in ((8, 8), (7, 5), (224, 192)):
        macs = read(tmp_path, data, inputs={"x": (1, *sizes, 3)}).macs
        assert macs == -(-sizes[0] // 2) * -(-sizes[1] // 2) * 4 * 27
        assert symbolic.macs.subs({height: sizes[0], width: sizes[1]}) == macs


def test_arithmetic_on_open_sizes(tmp_path: Path) -> None:
    g = Graph()
    x = g.input(1, 4, 6, signature=(-1, 4, 6), name="x")
    shape = g.op("SHAPE", x, options=("ShapeOptions", {"OutType": 2}), dtype="int32")
    batch = g.op(
        "STRIDED_SLICE",
        shape,
        g.const([0]),
        g.const([1]),
        g.const([1]),
        options=("StridedSliceOptions", {"ShrinkAxisMask": 1}),
        dtype="int32",
    )
    target = g.op("PACK", batch, g.const(24), options=("PackOptions", {"ValuesCount": 2}), dtype="int32")
    y = g.op("FULLY_CONNECTED", g.op("RESHAPE", x, target), g.weights(5, 24), -1, options=("FullyConnectedOptions", {}))
    net = read(tmp_path, g.returns(y), inputs={"x": ("N", 4, 6)})
    (n,) = net.symbols
    assert shapes(net) == [(n, 5)]
    assert net.macs == n * 24 * 5
    assert net.totals.constants == 0


def test_if_takes_the_branch_that_is_known_else_the_dearest(tmp_path: Path) -> None:
    small, large = 2 * 4 * 4, 2 * (4 * 8 + 8 * 4)
    unknown = read(tmp_path, branching())
    assert unknown.macs == large
    assert unknown.totals.weights == 64
    assert "dearest branch, subgraph 2" in unknown.assumptions[0]
    assert read(tmp_path, branching(), values={"flag": [True]}).macs == small
    assert read(tmp_path, branching(True)).macs == small
    assert read(tmp_path, branching(False)).macs == large
    assert not read(tmp_path, branching(False)).assumptions


def test_while_makes_the_trips_that_are_known_else_one(tmp_path: Path) -> None:
    unknown = read(tmp_path, looping(None))
    assert unknown.macs == 2 * 4 * 4
    assert "one is counted" in unknown.assumptions[0]
    assert read(tmp_path, looping(None), values={"count": 1}).macs == 2 * 2 * 4 * 4
    three = read(tmp_path, looping(0))
    assert three.macs == 3 * 2 * 4 * 4
    assert three.totals.weights == 16


def test_variables_keep_what_is_assigned_and_start_as_constants(tmp_path: Path) -> None:
    net = read(tmp_path, stateful())
    assert shapes(net) == [(1, 8)]
    assert net.totals.constants == 5
    assert [node.layer.kind for node in net.nodes.values()] == ["input", "constant", "concat", "rearrange", "rearrange"]
    assert net.nodes["before"].activation_bits == 8


def test_convolution_2d_transpose_bias(tmp_path: Path) -> None:
    g = Graph()
    x = g.input(1, 4, 4, 8)
    y = g.op("Convolution2DTransposeBias", x, g.weights(2, 2, 2, 8), g.weights(2), custom=struct.pack("<3i", 1, 2, 2))
    net = read(tmp_path, g.returns(y))
    assert shapes(net) == [(1, 8, 8, 2)]
    assert net.macs == 4 * 4 * 8 * 2 * 2 * 2
    assert (net.totals.weights, net.totals.biases) == (64, 2)


def test_detection_post_process(tmp_path: Path) -> None:
    g = Graph()
    encodings, scores, anchors = g.input(1, 20, 4), g.input(1, 20, 3), g.weights(20, 4)
    made = [g.tensor(shape) for shape in ((1, 10, 4), (1, 10), (1, 10), (1,))]
    g.operators.append(("TFLite_Detection_PostProcess", [encodings, scores, anchors], made, None, b""))
    net = read(tmp_path, g.returns(*made))
    assert shapes(net) == [(1, 10, 4), (1, 10), (1, 10), (1,)]
    assert dict(net.totals.other) == {"multiply": 80, "add": 80, "compare": 60}
    assert net.totals.constants == 80
    assert "suppression depends on the data" in net.assumptions[0]


def test_users_register_rules_for_custom_operators(tmp_path: Path) -> None:
    from costmodel.readers._rules import CUSTOM

    g = Graph()
    data = file_of(g.returns(g.op("Twice", g.input(2, 3), shape=(2, 3))))
    with pytest.raises(UnknownLayerError, match=r"'Twice'.*register"):
        read(tmp_path, data)
    counted = read(tmp_path, data, unknown="count")
    assert counted.coverage == 0
    assert shapes(counted) == [(2, 3)]
    try:
        cm.readers.register("Twice")(lambda op: op.emit(cm.layers.Add(), op[0], op[0]))
        assert dict(read(tmp_path, data).totals.other) == {"add": 6}
    finally:
        CUSTOM.clear()


def test_shuffled_weights_are_refused(tmp_path: Path) -> None:
    g = Graph()
    y = g.op("FULLY_CONNECTED", g.input(1, 16), g.weights(4, 16), -1, options=("FullyConnectedOptions", {"WeightsFormat": 1}))
    with pytest.raises(UnknownLayerError, match="SHUFFLED"):
        read(tmp_path, g.returns(y))


def broken(build) -> bytes:
    g = Graph()
    return file_of(g.returns(build(g)))


CYCLE = Graph()
CYCLE.input(2, name="x")
CYCLE.operators.append(("ABS", [2], [1], None, b""))
CYCLE.operators.append(("ABS", [1], [2], None, b""))
for label in "ab":
    CYCLE.tensor((2,), name=label)
CYCLE.returns(2)


def calling_itself() -> bytes:
    g = one(lambda g, x: g.op("WHILE", g.op("WHILE", x, options=LOOP), options=LOOP), (2, 4))
    return file_of(g)


LOOP = ("WhileOptions", {"CondSubgraphIndex": 0, "BodySubgraphIndex": 0})

WRONG = {
    "empty": (b"", "TFL3"),
    "another format": (b"PK\x03\x04" + b"\0" * 100, "TFL3"),
    "cut off": (CASES_BY_NAME["conv same"].data[:200], "cut off or damaged"),
    "a cycle": (file_of(CYCLE), r"reads tensor 2 'b'.*operator 0 \(ABS\)"),
    "a tensor that is not there": (broken(lambda g: g.op("ABS", g.input(2) + 99)), r"tensor 99; .*operator 0 \(ABS\)"),
    "a negative size": (broken(lambda g: g.op("ABS", g.input(-5, 2))), r"tensor 0 .t0. has a negative size"),
    "a size that overflows": (broken(lambda g: g.op("ABS", g.input(2**31 - 1, 2**31 - 1))), "at most 2"),
    "too few weights": (broken(lambda g: g.op("PRELU", g.input(2, 8), g.tensor((8,), stored=b"1234"))), r"needs 256 bits, the file has 32"),
    "channels that don't fit": (
        broken(lambda g: g.op("CONV_2D", g.input(1, 8, 8, 5), g.weights(4, 3, 3, 3), -1, options=conv_options())), r"operator 0 \(CONV_2D\)",
    ),
    "no strides": (broken(lambda g: g.op("CONV_2D", g.input(1, 8, 8, 3), g.weights(4, 3, 3, 3), -1)), "stride"),
    "a subgraph that is not there": (broken(lambda g: g.op("WHILE", g.input(2), options=("WhileOptions", {"CondSubgraphIndex": 7}))), "subgraph 7"),
    "a subgraph that calls itself": (calling_itself(), "deep"),
    "too many trips": (looping(-(10**6)), "trips"),
    "too many operators": (looping(-900, operators=60), "more than 30000 operators"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_files_are_refused(name: str, tmp_path: Path) -> None:
    data, message = WRONG[name]
    with pytest.raises(ReaderError, match=message) as caught:
        read(tmp_path, data)
    assert "model.tflite" in str(caught.value)


def test_wrong_arguments_are_refused(tmp_path: Path) -> None:
    data = CASES_BY_NAME["conv same"].data
    with pytest.raises(CostModelError, match="'t9'; known are t0"):
        read(tmp_path, data, inputs={"t9": (1, 8, 8, 3)})
    with pytest.raises(CostModelError, match="must have 4 sizes"):
        read(tmp_path, data, inputs={"t0": (1, 8, 3)})
    with pytest.raises(CostModelError, match="'nowhere'"):
        read(tmp_path, data, values={"nowhere": 1})


def test_tables_shared_again_and_again_are_refused(tmp_path: Path) -> None:
    """A small file whose operators all are one table with very many inputs: what it says grows with the square of its size."""
    g = Graph()
    x = g.input(2)
    g.operators.append(("ADD_N", [x] * 30_000, [g.tensor((2,))], None, b""))
    data = bytearray(file_of(g.returns(1)))
    assert read(tmp_path, bytes(data)).macs == 0
    model = tflite.Model.GetRootAs(data, 0)
    table = model.Subgraphs(0)._tab
    vector = table.Vector(table.Offset(10))
    target = model.Subgraphs(0).Operators(0)._tab.Pos
    start = len(data)
    count = 30_000
    data += struct.pack("<I", count) + b"".join(struct.pack("<I", (target - (start + 4 + 4 * i)) % 2**32) for i in range(count))
    struct.pack_into("<I", data, table.Pos + table.Offset(10), start - (table.Pos + table.Offset(10)))
    assert vector != start
    with pytest.raises(ReaderError):
        read(tmp_path, bytes(data))


def test_weights_are_not_loaded(tmp_path: Path) -> None:
    """A file of 256 MiB of weights that are a hole on the disk is read in a fraction of that memory."""
    import tracemalloc

    g = Graph()
    x = g.input(1, 8192)
    w = g.tensor((8192, 8192), outside=True)
    data = bytearray(file_of(g.returns(g.op("FULLY_CONNECTED", x, w, -1, options=("FullyConnectedOptions", {})))))
    struct.pack_into("<Q", data, data.index(struct.pack("<Q", 0x1122334455667788)), 2**20)
    struct.pack_into("<Q", data, data.index(struct.pack("<Q", 0x1122334455667799)), 2**28)
    path = tmp_path / "large.tflite"
    with path.open("wb") as opened:
        opened.write(data)
        opened.truncate(2**20 + 2**28)
    cm.read(tmp_path / "large.tflite")
    tracemalloc.start()
    net = cm.read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert net.totals.weights == 2**26
    assert peak < 2**22


def test_buffers_behind_the_file_are_refused(tmp_path: Path) -> None:
    g = Graph()
    w = g.tensor((8, 8), outside=True)
    data = file_of(g.returns(g.op("FULLY_CONNECTED", g.input(1, 8), w, -1, options=("FullyConnectedOptions", {}))))
    with pytest.raises(ReaderError, match="more than its"):
        read(tmp_path, data)


def test_fourier_transforms_go_row_by_row_and_column_by_column(tmp_path: Path) -> None:
    """2 pictures filled up to 8x8: 16 real rows in pairs, 8 * 4*3 butterflies; then 2*5 complex columns, 10 * 4*3."""
    net = read(tmp_path, CASES_BY_NAME["real fourier of a picture, filled up"].data)
    found = [count for name in net.nodes for step, count in net.counts[name].other if step == "butterfly"]
    assert found == [96, 120]


def test_where_gives_at_most_all_places(tmp_path: Path) -> None:
    graph = Graph()
    graph.returns(graph.op("WHERE", graph.input(4, 5, dtype="bool"), dtype="int64"))
    with pytest.raises(UnknownLayerError, match=r"depends on the data.*20 are the most"):
        read(tmp_path, graph)
    assert shapes(read(tmp_path, graph, unknown="count")) == [(20, 2)]


def test_mediapipe_samples_a_crop(tmp_path: Path) -> None:
    """A crop of 8x8 with 16 channels by a matrix: 8*8*16 places of four taps."""
    graph = Graph()
    made = graph.op("TransformTensorBilinear", graph.input(1, 24, 24, 16), graph.input(1, 16), shape=(1, 8, 8, 16))
    graph.returns(made)
    net = read(tmp_path, graph)
    assert shapes(net) == [(1, 8, 8, 16)]
    assert [net.counts[name].other for name in net.nodes if net.counts[name].other] == [(("interpolate", 8 * 8 * 16 * 4),)]
